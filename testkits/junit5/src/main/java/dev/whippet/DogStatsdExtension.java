package dev.whippet;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Checks the metrics that a program sends while its JUnit 5 tests run. Copy this file into your tests:
 *
 * <pre>{@code
 * @ExtendWith(DogStatsdExtension.class)
 * class CheckoutTest {
 *   @Test
 *   void pays(DogStatsdExtension.Server dsd) {
 *     try (StatsDClient client = new NonBlockingStatsDClientBuilder().hostname(dsd.host()).port(dsd.port()).build()) {
 *       client.count("checkout.paid", 3, "env:test");
 *       dsd.waitFor("name=checkout.paid", "type=count", "tag=env:test", "sum=3");
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>One test server runs for all tests; each test that has it as a parameter begins with an empty one. It is the command in
 * WHIPPET_TEST_COMMAND ("whippet" when that is not set), or the server at WHIPPET_TEST_URL, which {@code whippet expect -- mvn
 * test} and a container set. Only the JDK and JUnit are used.
 */
public final class DogStatsdExtension implements BeforeEachCallback, ParameterResolver {
  private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(DogStatsdExtension.class);

  @Override
  public void beforeEach(ExtensionContext context) {
    serverOf(context).reset();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Server.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return serverOf(context);
  }

  private static Server serverOf(ExtensionContext context) {
    return context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent(Server.class, key -> Server.start(), Server.class);
  }

  /** A running test server: where to send to, and what it received. */
  public static final class Server implements ExtensionContext.Store.CloseableResource {
    private final HttpClient http = HttpClient.newHttpClient();
    private final String host;
    private final int port;
    private final String url;
    private final Process process;

    private Server(String host, int port, String url, Process process) {
      this.host = host;
      this.port = port;
      this.url = url;
      this.process = process;
    }

    static Server start() {
      Map<String, String> env = System.getenv();
      String known = env.getOrDefault("WHIPPET_TEST_URL", "");
      if (!known.isEmpty()) {
        return new Server(env.get("DD_AGENT_HOST"), Integer.parseInt(env.get("DD_DOGSTATSD_PORT")), known, null);
      }
      List<String> words = new ArrayList<>(List.of(env.getOrDefault("WHIPPET_TEST_COMMAND", "whippet").split(" ")));
      words.addAll(List.of("test-server", "--port", "0", "--http-port", "0", "--json", "--until-stdin-ends"));
      try {
        Process process = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader reader = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = reader.readLine();
        if (line == null) {
          throw new IllegalStateException(words.get(0) + " test-server did not start");
        }
        return new Server(textOf(line, "host"), Integer.parseInt(textOf(line, "port")), textOf(line, "url"), process);
      } catch (IOException error) {
        throw new IllegalStateException("cannot run " + words.get(0) + "; set WHIPPET_TEST_COMMAND", error);
      }
    }

    public String host() {
      return host;
    }

    public int port() {
      return port;
    }

    public String url() {
      return url;
    }

    /**
     * Waits for a metric, and fails with a report when it does not arrive. Pairs are those of GET /api/test/wait: name=a,
     * tag=env:test, sum=3, timeout=10s. Returns the answer as JSON.
     */
    public String waitFor(String... pairs) {
      HttpResponse<String> answer = ask("GET", "wait?" + query(pairs));
      if (answer.statusCode() == 200) {
        return answer.body();
      }
      if (answer.statusCode() == 408) {
        throw new AssertionError(textOf(answer.body(), "report"));
      }
      throw new IllegalArgumentException(textOf(answer.body(), "error"));
    }

    /** What was received and is selected by pairs such as name=a and tag=env:test, as JSON. */
    public String metrics(String... pairs) {
      return ask("GET", "metrics?" + query(pairs)).body();
    }

    /** The lines that could not be read, as JSON. */
    public String rejected() {
      return ask("GET", "rejected").body();
    }

    /** Forgets what was received. */
    public void reset() {
      ask("POST", "reset");
    }

    @Override
    public void close() throws IOException, InterruptedException {
      if (process != null) {
        process.getOutputStream().close();
        process.waitFor();
      }
    }

    private HttpResponse<String> ask(String method, String path) {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(url + "/api/test/" + path))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .build();
      try {
        return http.send(request, HttpResponse.BodyHandlers.ofString());
      } catch (IOException error) {
        throw new IllegalStateException("the test server does not answer", error);
      } catch (InterruptedException error) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(error);
      }
    }

    private static String query(String... pairs) {
      StringBuilder query = new StringBuilder();
      for (String pair : pairs) {
        int at = pair.indexOf('=');
        String key = at < 0 ? pair : pair.substring(0, at);
        String value = at < 0 ? "" : pair.substring(at + 1);
        query.append(query.length() == 0 ? "" : "&").append(encode(key)).append('=').append(encode(value));
      }
      return query.toString();
    }

    private static String encode(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** The first text or number called {@code name} in a JSON object. */
    private static String textOf(String json, String name) {
      Matcher found = Pattern.compile("\"" + name + "\":(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(\\d+))").matcher(json);
      if (!found.find()) {
        return json;
      }
      if (found.group(2) != null) {
        return found.group(2);
      }
      return found.group(1).replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\");
    }
  }
}
