import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/** A client of the JDK's own HttpClient: CA.pem URL VERSION [KEYS.p12]. VERSION: TLSv1.2 or TLSv1.3; KEYS: its
 * own certificate, under the pass phrase "changeit". Prints what it got as one line of JSON. */
class Client {
    private static final char[] PASS_PHRASE = "changeit".toCharArray();

    public static void main(String[] arguments) throws Exception {
        var context = SSLContext.getInstance("TLS");
        var keys = arguments.length > 3 ? keysIn(Path.of(arguments[3])) : null;
        var trust = trustIn(Path.of(arguments[0]));
        context.init(keys == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
        var terms = new SSLParameters();
        terms.setProtocols(new String[] {arguments[2]});
        var client = HttpClient.newBuilder().sslContext(context).sslParameters(terms).build();
        var request = HttpRequest.newBuilder(URI.create(arguments[1])).timeout(Duration.ofSeconds(10)).build();
        var answer = client.send(request, BodyHandlers.ofString());
        System.out.printf("{\"status\": %d, \"body\": \"%s\", \"version\": \"%s\"}%n", answer.statusCode(), answer.body(),
                answer.sslSession().orElseThrow().getProtocol());
    }

    private static TrustManagerFactory trustIn(Path authority) throws Exception {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(authority)) {
            store.setCertificateEntry("ours", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }

    private static KeyManagerFactory keysIn(Path file) throws Exception {
        var store = KeyStore.getInstance(file.toFile(), PASS_PHRASE);
        var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, PASS_PHRASE);
        return factory;
    }
}
