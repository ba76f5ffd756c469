-- A ledger as it was before plain requests were counted: a closed and an open session, a plain request that was
-- refused, and one for nobody. Of sqlite3's .dump.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE process(
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    boot TEXT NOT NULL,
    UNIQUE(boot, node)
  ) STRICT;
INSERT INTO process VALUES(1,'node-1','old-boot');
CREATE TABLE usage_row(
    bucket INTEGER NOT NULL,
    domain TEXT NOT NULL,
    process INTEGER NOT NULL,
    part INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    closed TEXT NOT NULL,
    refused TEXT NOT NULL,
    answers TEXT NOT NULL,
    client_bytes_in INTEGER NOT NULL DEFAULT 0,
    client_bytes_out INTEGER NOT NULL DEFAULT 0,
    origin_bytes_in INTEGER NOT NULL DEFAULT 0,
    origin_bytes_out INTEGER NOT NULL DEFAULT 0,
    client_payload_in INTEGER NOT NULL DEFAULT 0,
    client_payload_out INTEGER NOT NULL DEFAULT 0,
    origin_payload_in INTEGER NOT NULL DEFAULT 0,
    origin_payload_out INTEGER NOT NULL DEFAULT 0,
    client_wire_in INTEGER NOT NULL DEFAULT 0,
    client_wire_out INTEGER NOT NULL DEFAULT 0,
    origin_wire_in INTEGER NOT NULL DEFAULT 0,
    origin_wire_out INTEGER NOT NULL DEFAULT 0,
    client_network_in INTEGER NOT NULL DEFAULT 0,
    client_network_out INTEGER NOT NULL DEFAULT 0,
    client_undelivered_out INTEGER NOT NULL DEFAULT 0,
    client_handshake_in INTEGER NOT NULL DEFAULT 0,
    client_handshake_out INTEGER NOT NULL DEFAULT 0,
    origin_handshake_in INTEGER NOT NULL DEFAULT 0,
    origin_handshake_out INTEGER NOT NULL DEFAULT 0,
    client_http_in INTEGER NOT NULL DEFAULT 0,
    client_http_out INTEGER NOT NULL DEFAULT 0,
    origin_http_in INTEGER NOT NULL DEFAULT 0,
    origin_http_out INTEGER NOT NULL DEFAULT 0,
    text_messages_in INTEGER NOT NULL DEFAULT 0,
    text_messages_out INTEGER NOT NULL DEFAULT 0,
    binary_messages_in INTEGER NOT NULL DEFAULT 0,
    binary_messages_out INTEGER NOT NULL DEFAULT 0,
    data_frames_in INTEGER NOT NULL DEFAULT 0,
    data_frames_out INTEGER NOT NULL DEFAULT 0,
    close_frames_in INTEGER NOT NULL DEFAULT 0,
    close_frames_out INTEGER NOT NULL DEFAULT 0,
    ping_frames_in INTEGER NOT NULL DEFAULT 0,
    ping_frames_out INTEGER NOT NULL DEFAULT 0,
    pong_frames_in INTEGER NOT NULL DEFAULT 0,
    pong_frames_out INTEGER NOT NULL DEFAULT 0,
    units_2k_in INTEGER NOT NULL DEFAULT 0,
    units_2k_out INTEGER NOT NULL DEFAULT 0,
    units_32k_in INTEGER NOT NULL DEFAULT 0,
    units_32k_out INTEGER NOT NULL DEFAULT 0,
    sessions_ws INTEGER NOT NULL DEFAULT 0,
    sessions_wss INTEGER NOT NULL DEFAULT 0,
    connection_milliseconds INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(bucket, domain, process, part)
  ) STRICT, WITHOUT ROWID;
INSERT INTO usage_row VALUES(1796057700,'_unmatched',1,0,1,0,'{}','{"no_route":1}','{"404":1}',0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,48,144,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0);
INSERT INTO usage_row VALUES(1796057700,'chat.example.com',1,0,3,0,'{"client_close":1}','{"not_an_upgrade":1}','{"101":2,"426":1}',170,158,158,170,150,150,150,150,0,0,0,0,585,443,0,318,258,0,0,46,215,0,0,0,0,2,2,2,2,1,1,0,0,0,0,2,2,2,2,2,0,346);
CREATE TABLE session(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    session BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    domain TEXT NOT NULL,
    client TEXT NOT NULL,
    origin TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    client_tls INTEGER NOT NULL,
    end_by TEXT,
    end_stage TEXT,
    end_cause TEXT,
    end_code INTEGER,
    client_bytes_in INTEGER NOT NULL DEFAULT 0,
    client_bytes_out INTEGER NOT NULL DEFAULT 0,
    origin_bytes_in INTEGER NOT NULL DEFAULT 0,
    origin_bytes_out INTEGER NOT NULL DEFAULT 0,
    client_payload_in INTEGER NOT NULL DEFAULT 0,
    client_payload_out INTEGER NOT NULL DEFAULT 0,
    origin_payload_in INTEGER NOT NULL DEFAULT 0,
    origin_payload_out INTEGER NOT NULL DEFAULT 0,
    client_wire_in INTEGER NOT NULL DEFAULT 0,
    client_wire_out INTEGER NOT NULL DEFAULT 0,
    origin_wire_in INTEGER NOT NULL DEFAULT 0,
    origin_wire_out INTEGER NOT NULL DEFAULT 0,
    client_network_in INTEGER NOT NULL DEFAULT 0,
    client_network_out INTEGER NOT NULL DEFAULT 0,
    client_undelivered_out INTEGER NOT NULL DEFAULT 0,
    client_handshake_in INTEGER NOT NULL DEFAULT 0,
    client_handshake_out INTEGER NOT NULL DEFAULT 0,
    origin_handshake_in INTEGER NOT NULL DEFAULT 0,
    origin_handshake_out INTEGER NOT NULL DEFAULT 0,
    client_http_in INTEGER NOT NULL DEFAULT 0,
    client_http_out INTEGER NOT NULL DEFAULT 0,
    origin_http_in INTEGER NOT NULL DEFAULT 0,
    origin_http_out INTEGER NOT NULL DEFAULT 0,
    text_messages_in INTEGER NOT NULL DEFAULT 0,
    text_messages_out INTEGER NOT NULL DEFAULT 0,
    binary_messages_in INTEGER NOT NULL DEFAULT 0,
    binary_messages_out INTEGER NOT NULL DEFAULT 0,
    data_frames_in INTEGER NOT NULL DEFAULT 0,
    data_frames_out INTEGER NOT NULL DEFAULT 0,
    close_frames_in INTEGER NOT NULL DEFAULT 0,
    close_frames_out INTEGER NOT NULL DEFAULT 0,
    ping_frames_in INTEGER NOT NULL DEFAULT 0,
    ping_frames_out INTEGER NOT NULL DEFAULT 0,
    pong_frames_in INTEGER NOT NULL DEFAULT 0,
    pong_frames_out INTEGER NOT NULL DEFAULT 0,
    units_2k_in INTEGER NOT NULL DEFAULT 0,
    units_2k_out INTEGER NOT NULL DEFAULT 0,
    units_32k_in INTEGER NOT NULL DEFAULT 0,
    units_32k_out INTEGER NOT NULL DEFAULT 0,
    sessions_ws INTEGER NOT NULL DEFAULT 0,
    sessions_wss INTEGER NOT NULL DEFAULT 0,
    connection_milliseconds INTEGER NOT NULL DEFAULT 0,
    UNIQUE(process, session)
  ) STRICT;
INSERT INTO session VALUES(1,1,X'79b3cb163c4d6304143890ce0163b4a4',1,'stop','chat.example.com','127.0.0.1','',1796057759836,1796057759837,0,0,'client','closed','client_close',1000,114,106,106,114,100,100,100,100,0,0,0,0,585,443,0,0,0,0,0,0,0,0,0,0,0,1,1,1,1,1,1,0,0,0,0,1,1,1,1,0,0,0);
INSERT INTO session VALUES(2,1,X'e0929b07daa46e742164914c8dd18f1f',0,'start','chat.example.com','127.0.0.1','',1796057759837,1796057759837,0,0,NULL,NULL,NULL,NULL,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0);
CREATE TABLE clock_step(
    id INTEGER PRIMARY KEY,
    process INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    step_ms INTEGER NOT NULL
  ) STRICT;
CREATE TABLE sink(
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX usage_row_revision ON usage_row(revision);
CREATE INDEX session_time ON session(time_ms);
PRAGMA application_id=1466263922;
PRAGMA user_version=1;
COMMIT;
