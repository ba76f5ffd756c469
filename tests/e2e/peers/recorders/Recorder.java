import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/** Tomcat 10 that records each request which came whole as a line of JSON. Arguments: that file, base folder. */
public class Recorder extends HttpServlet {
  private final transient FileOutputStream file;

  Recorder(String path) throws IOException {
    file = new FileOutputStream(path, true);
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException error) {
      throw new IOException(error);
    }
    InputStream body = request.getInputStream();
    byte[] octets = new byte[8192];
    long length = 0;
    for (int count = body.read(octets); count >= 0; count = body.read(octets)) {
      digest.update(octets, 0, count);
      length += count;
    }
    String query = request.getQueryString();
    String line = String.format(
        "{\"method\": \"%s\", \"target\": \"%s%s\", \"length\": %d, \"sha256\": \"%064x\"}\n",
        request.getMethod(), request.getRequestURI(), query == null ? "" : "?" + query, length,
        new BigInteger(1, digest.digest()));
    byte[] written = line.getBytes(StandardCharsets.US_ASCII);
    synchronized (file) {
      file.write(written);
    }
    response.setContentType("application/json");
    response.getOutputStream().write(written);
  }

  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[1]);
    Connector connector = new Connector();
    connector.setProperty("address", "127.0.0.1");
    connector.setPort(0);
    tomcat.setConnector(connector);
    Context context = tomcat.addContext("", new File(arguments[1]).getAbsolutePath());
    Tomcat.addServlet(context, "recorder", new Recorder(arguments[0]));
    context.addServletMappingDecoded("/*", "recorder");
    tomcat.start();
    System.out.println("{\"http\": " + connector.getLocalPort() + ", \"https\": 0}");
    while (System.in.read() >= 0) {}
    System.exit(0);
  }
}
