import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/**
 * A ShenYu gateway's data sync over the JDK's own WebSocket client. Arguments: the URL, then names and values of fields.
 * `check` on standard input is its ten-second task: it connects where there is no session, else it pings. On open it says
 * RUNNING_MODE and MYSELF, and a session with an admin that is not the master it drops. What happens is a line of JSON.
 */
public class SyncClient implements WebSocket.Listener {
  private static String[] arguments;
  private static WebSocket session;

  private final StringBuilder message = new StringBuilder();

  private static synchronized void tell(String event, String more) {
    System.out.println("{\"event\":\"" + event + "\"" + more + "}");
  }

  private static synchronized void keep(WebSocket opened) {
    session = opened;
  }

  private static synchronized WebSocket kept() {
    return session;
  }

  @Override
  public void onOpen(WebSocket opened) {
    keep(opened);
    tell("open", "");
    opened.request(1);
    opened.sendText("RUNNING_MODE", true).thenCompose(done -> opened.sendText("MYSELF", true));
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean last) {
    message.append(part);
    if (last) {
      take(from, message.toString());
      message.setLength(0);
    }
    from.request(1);
    return null;
  }

  private static void take(WebSocket from, String text) {
    String begin = text.substring(0, Math.min(text.length(), 120)).replace("\"", "'");
    tell("message", ",\"size\":" + text.length() + ",\"begin\":\"" + begin + "\"");
    boolean isSlave = text.contains("\"RUNNING_MODE\"") && text.contains("\"isMaster\":false");
    if (isSlave) {
      from.sendClose(WebSocket.NORMAL_CLOSURE, "not the master").thenRun(() -> tell("dropped", ""));
    }
  }

  @Override
  public CompletionStage<?> onPong(WebSocket from, ByteBuffer payload) {
    tell("pong", "");
    from.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    keep(null);
    tell("closed", ",\"code\":" + code + ",\"reason\":\"" + reason + "\"");
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    keep(null);
    tell("closed", ",\"code\":1006,\"reason\":\"" + error.getClass().getSimpleName() + "\"");
  }

  private static void check(HttpClient client) {
    WebSocket current = kept();
    if (current != null && !current.isInputClosed()) {
      current.sendPing(ByteBuffer.allocate(0));
      return;
    }
    WebSocket.Builder builder = client.newWebSocketBuilder();
    for (int i = 1; i + 1 < arguments.length; i += 2) builder.header(arguments[i], arguments[i + 1]);
    try {
      builder.buildAsync(URI.create(arguments[0]), new SyncClient()).join();
    } catch (CompletionException failed) {
      String status = "0";
      if (failed.getCause() instanceof java.net.http.WebSocketHandshakeException refused) {
        status = String.valueOf(refused.getResponse().statusCode());
      }
      tell("failed", ",\"status\":" + status);
    }
  }

  public static void main(String[] given) throws Exception {
    arguments = given;
    HttpClient client = HttpClient.newHttpClient();
    System.out.println("{\"http\":0,\"https\":0}");
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      if (line.equals("check")) check(client);
    }
    System.exit(0);
  }
}
