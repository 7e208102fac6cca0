import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** The JDK's client as it is by default: on plain HTTP it offers to go on with HTTP/2, in every request. */
class OfferingClient {
  public static void main(String[] arguments) throws Exception {
    var client = HttpClient.newHttpClient();
    for (var round = 0; round < 3; round++) {
      var name = "x".repeat(round * 15_000);
      var query = "{\"query\":\"query ($name: String) { hello(name: $name) }\",\"variables\":{\"name\":\"" + name + "\"}}";
      var post =
          HttpRequest.newBuilder(URI.create(arguments[0] + "/graphql"))
              .header("content-type", "application/json")
              .POST(BodyPublishers.ofString(query))
              .build();
      var get = HttpRequest.newBuilder(URI.create(arguments[0] + "/health/ready")).build();
      for (var request : new HttpRequest[] {post, get}) {
        var answer = client.send(request, BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.version() + " " + answer.body().length());
      }
    }
  }
}
