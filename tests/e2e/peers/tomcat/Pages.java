import jakarta.servlet.AsyncContext;
import jakarta.servlet.MultipartConfigElement;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.apache.catalina.Context;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.valves.RemoteIpValve;

/** The pages of an application: a session, forms and uploads, downloads, a login, an answer that takes its time. */
class Pages {
  private static final int PIECE = 64 * 1024;

  /** "size sha256" of what is read. */
  private static String sum(InputStream from) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] piece = new byte[PIECE];
      long size = 0;
      for (int count = from.read(piece); count >= 0; count = from.read(piece)) {
        digest.update(piece, 0, count);
        size += count;
      }
      return size + " " + HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }

  private static void say(HttpServletResponse response, String text) throws IOException {
    response.setContentType("text/plain;charset=UTF-8");
    response.getWriter().print(text);
  }

  /** POST and PUT: the sum of the body, or with multipart of each part. */
  static class Upload extends HttpServlet {
    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      String type = request.getContentType();
      if (type == null || !type.startsWith("multipart/")) {
        say(response, sum(request.getInputStream()));
        return;
      }
      StringBuilder text = new StringBuilder();
      for (Part part : request.getParts()) {
        text.append(part.getName()).append(' ').append(sum(part.getInputStream())).append('\n');
      }
      say(response, text.toString());
    }

    @Override
    protected void doPut(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      doPost(request, response);
    }
  }

  /** `size` bytes, by length or with `chunked`. */
  static class Download extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      long left = Long.parseLong(request.getParameter("size"));
      response.setContentType("application/octet-stream");
      if (request.getParameter("chunked") == null) response.setContentLengthLong(left);
      byte[] piece = new byte[PIECE];
      OutputStream out = response.getOutputStream();
      for (; left > 0; left -= PIECE) out.write(piece, 0, (int) Math.min(left, PIECE));
    }
  }

  /** "node visits link": the link has ;jsessionid= as long as the client has shown no cookie. */
  static class Visits extends HttpServlet {
    private final String node;

    Visits(String node) {
      this.node = node;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      HttpSession session = request.getSession();
      Integer before = (Integer) session.getAttribute("visits");
      int visits = before == null ? 1 : before + 1;
      session.setAttribute("visits", visits);
      say(response, node + " " + visits + " " + response.encodeURL("visits"));
    }
  }

  /** What the application believes of its client: "scheme secure host port address". */
  static class Facts extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      say(response, request.getScheme() + " " + request.isSecure() + " " + request.getServerName()
          + " " + request.getServerPort() + " " + request.getRemoteAddr());
    }
  }

  /** A login that sends on to the facts, by an absolute URL. */
  static class Login extends HttpServlet {
    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      request.getSession();
      response.sendRedirect("facts");
    }
  }

  /** Answers from another thread, `ms` later, in two pieces. */
  static class Async extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      AsyncContext context = request.startAsync();
      long wait = Long.parseLong(request.getParameter("ms"));
      context.start(() -> {
        try {
          Thread.sleep(wait);
          context.getResponse().getWriter().print("first ");
          context.getResponse().flushBuffer();
          Thread.sleep(wait);
          context.getResponse().getWriter().print("second");
        } catch (IOException | InterruptedException gone) {
          // The client has left, and that ends it.
        }
        context.complete();
      });
    }
  }

  private static Wrapper add(Context context, String name, HttpServlet servlet) {
    Wrapper wrapper = Tomcat.addServlet(context, name, servlet);
    context.addServletMappingDecoded("/" + name, name);
    return wrapper;
  }

  /** Below "/app", and below "/valve" with Tomcat told what is before it. */
  static void serve(Tomcat tomcat, String folder, String node) {
    for (String path : new String[] {"/app", "/valve"}) {
      Context context = tomcat.addContext(path, folder);
      context.setUseRelativeRedirects(false);
      add(context, "upload", new Upload()).setMultipartConfigElement(new MultipartConfigElement(folder));
      add(context, "download", new Download());
      add(context, "visits", new Visits(node));
      add(context, "facts", new Facts());
      add(context, "login", new Login());
      add(context, "async", new Async()).setAsyncSupported(true);
      if (path.equals("/valve")) {
        RemoteIpValve valve = new RemoteIpValve();
        valve.setPortHeader("X-Forwarded-Port");
        context.getPipeline().addValve(valve);
      }
    }
  }
}
