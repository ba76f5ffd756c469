import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.CloseReason;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpoint;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.authenticator.AuthenticatorBase;
import org.apache.catalina.authenticator.BasicAuthenticator;
import org.apache.catalina.authenticator.DigestAuthenticator;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.LoginConfig;
import org.apache.tomcat.util.descriptor.web.SecurityCollection;
import org.apache.tomcat.util.descriptor.web.SecurityConstraint;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.apache.tomcat.websocket.server.WsContextListener;

/**
 * Tomcat 10 as an origin, plain and TLS, on ports of the kernel's choice. Arguments: certificate and key (PEM), base folder,
 * the name of the node.
 */
public class Origin {
  private static final String ROLE = "user";

  /** Keeps the request's fields, because a session does not show them. */
  public static class Remember extends ServerEndpointConfig.Configurator {
    @Override
    public void modifyHandshake(
        ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
      config.getUserProperties().put("fields", request.getHeaders());
    }
  }

  @ServerEndpoint(value = "/echo", configurator = Remember.class, subprotocols = {"v2.bin"})
  public static class Echo {
    private String fields = "";

    @OnOpen
    public void open(Session session) {
      List<String> buffer = session.getRequestParameterMap().get("buffer");
      int size = buffer == null ? 4 << 20 : Integer.parseInt(buffer.get(0));
      session.setMaxTextMessageBufferSize(size);
      session.setMaxBinaryMessageBufferSize(size);
      fields = String.valueOf(session.getUserProperties().get("fields"));
      List<String> read = session.getRequestParameterMap().get("read");
      if (read != null) {
        session.getUserProperties().put(
            "org.apache.tomcat.websocket.READ_IDLE_TIMEOUT_MS", Long.valueOf(read.get(0)));
      }
    }

    @OnMessage
    public void text(Session session, String message) throws IOException {
      if (message.startsWith("#close")) {
        String[] words = message.split(" ", 3);
        int code = words.length > 1 ? Integer.parseInt(words[1]) : 1000;
        session.close(new CloseReason(
            CloseReason.CloseCodes.getCloseCode(code), words.length > 2 ? words[2] : ""));
      } else {
        session.getBasicRemote().sendText(message.equals("#info") ? fields : message);
      }
    }

    @OnMessage
    public void binary(Session session, ByteBuffer message) throws IOException {
      session.getBasicRemote().sendBinary(message);
    }

    @OnError
    public void failed(Session session, Throwable cause) {}
  }

  /** Sends messages of 64 KiB for as long as somebody takes them. */
  @ServerEndpoint("/flood")
  public static class Flood {
    @OnOpen
    public void open(Session session) {
      Thread thread = new Thread(() -> {
        byte[] message = new byte[64 * 1024];
        try {
          while (session.isOpen()) session.getBasicRemote().sendBinary(ByteBuffer.wrap(message));
        } catch (IOException | IllegalStateException ended) {
          // The peer has gone, which is how a flood ends.
        }
      });
      thread.setDaemon(true);
      thread.start();
    }

    @OnError
    public void failed(Session session, Throwable cause) {}
  }

  public static class Endpoints extends WsContextListener {
    @Override
    public void contextInitialized(ServletContextEvent event) {
      super.contextInitialized(event);
      ServerContainer container = (ServerContainer)
          event.getServletContext().getAttribute(ServerContainer.class.getName());
      try {
        container.addEndpoint(Echo.class);
        container.addEndpoint(Flood.class);
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }
  }

  /** Answers with the fields that it got, one a line. */
  public static class Headers extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.setContentType("text/plain");
      for (String name : Collections.list(request.getHeaderNames())) {
        for (String value : Collections.list(request.getHeaders(name))) {
          response.getWriter().println(name + ": " + value);
        }
      }
    }
  }

  /**
   * Redirects `n` times, then to /echo, each time with the status `code`. `to` is a Location to send as it is, `none`
   * sends none, and `round` leads back to the same place.
   */
  public static class Redirect extends HttpServlet {
    private static int number(HttpServletRequest request, String name, int otherwise) {
      String value = request.getParameter(name);
      return value == null ? otherwise : Integer.parseInt(value);
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      int left = number(request, "n", 1);
      int code = number(request, "code", 302);
      String location = left > 1 ? "/redir?n=" + (left - 1) + "&code=" + code : "/echo";
      if (request.getParameter("to") != null) location = request.getParameter("to");
      if (request.getParameter("round") != null) location = "/redir?" + request.getQueryString();
      response.setStatus(code);
      if (request.getParameter("none") == null) response.setHeader("Location", location);
    }
  }

  /** A context whose every path asks for a user. Its realm has the name of its path. */
  private static void guard(Tomcat tomcat, String folder, String path, AuthenticatorBase by) {
    Context context = tomcat.addContext(path, folder);
    LoginConfig login = new LoginConfig();
    login.setAuthMethod(by instanceof DigestAuthenticator ? "DIGEST" : "BASIC");
    login.setRealmName(path.substring(1));
    context.setLoginConfig(login);
    context.getPipeline().addValve(by);
    SecurityCollection everything = new SecurityCollection();
    everything.addPattern("/*");
    SecurityConstraint constraint = new SecurityConstraint();
    constraint.addCollection(everything);
    constraint.addAuthRole(ROLE);
    context.addConstraint(constraint);
    context.addSecurityRole(ROLE);
    serve(context);
  }

  private static void serve(Context context) {
    context.addApplicationListener(Endpoints.class.getName());
    Tomcat.addServlet(context, "headers", new Headers());
    context.addServletMappingDecoded("/headers", "headers");
    Tomcat.addServlet(context, "redir", new Redirect());
    context.addServletMappingDecoded("/redir", "redir");
    // The WebSocket filter runs only for paths that some servlet has.
    Tomcat.addServlet(context, "default", new DefaultServlet());
    context.addServletMappingDecoded("/", "default");
  }

  private static void addUsers(Tomcat tomcat) {
    String[][] users = {
      {"plain", "correct-horse"}, {"latin", "gr\u00fcne-stra\u00dfe"}, {"wide", "\u5bc6\u7801-\u20ac"}
    };
    for (String[] user : users) {
      tomcat.addUser(user[0], user[1]);
      tomcat.addRole(user[0], ROLE);
    }
  }

  private static Connector connector(boolean tls, String certificate, String key) {
    Connector connector = new Connector("org.apache.coyote.http11.Http11NioProtocol");
    connector.setPort(0);
    connector.setProperty("address", "127.0.0.1");
    if (!tls) return connector;
    connector.setScheme("https");
    connector.setSecure(true);
    connector.setProperty("SSLEnabled", "true");
    SSLHostConfig host = new SSLHostConfig();
    SSLHostConfigCertificate pair =
        new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
    pair.setCertificateFile(certificate);
    pair.setCertificateKeyFile(key);
    host.addCertificate(pair);
    connector.addSslHostConfig(host);
    return connector;
  }

  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[2]);
    Connector plain = connector(false, null, null);
    Connector secure = connector(true, arguments[0], arguments[1]);
    tomcat.setConnector(plain);
    tomcat.getService().addConnector(secure);
    Context context = tomcat.addContext("", new File(arguments[2]).getAbsolutePath());
    serve(context);
    addUsers(tomcat);
    BasicAuthenticator wide = new BasicAuthenticator();
    wide.setCharset("UTF-8");
    guard(tomcat, arguments[2], "/basic", new BasicAuthenticator());
    guard(tomcat, arguments[2], "/wide", wide);
    guard(tomcat, arguments[2], "/digest", new DigestAuthenticator());
    Pages.serve(tomcat, arguments[2], arguments[3]);
    tomcat.start();
    System.out.println(Map.of("http", plain.getLocalPort(), "https", secure.getLocalPort())
        .toString().replace("=", "\":").replace("{", "{\"").replace(", ", ", \""));
    // It ends with the test that started it, even when that one is killed.
    while (System.in.read() >= 0) {}
    System.exit(0);
  }
}
