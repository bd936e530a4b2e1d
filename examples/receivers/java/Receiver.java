// A receiver of signed webhooks, with what Java brings along.
//
// Usage: WEBHOOK_SECRET=whsec_… java Receiver.java

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public final class Receiver {
    /** How far the clocks of both sides may be apart. */
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private static final int BODY_BYTES_MAX = 32 << 20;
    private static final int IDS_MAX = 10_000;

    private final byte[] secret;

    /** Ids of events that are dealt with, the oldest first. An application keeps them in its database. */
    private final Set<String> seen = new LinkedHashSet<>();

    private Receiver(byte[] secret) {
        this.secret = secret;
    }

    /** Whether a request is the sender's, whole, and new. {@code body} are its bytes as they came. */
    private boolean isGenuine(Headers headers, byte[] body) throws GeneralSecurityException {
        String id = headers.getFirst("webhook-id");
        String timestamp = headers.getFirst("webhook-timestamp");
        String signatures = headers.getFirst("webhook-signature");
        if (id == null || timestamp == null || signatures == null || !timestamp.matches("\\d{1,12}")) {
            return false;
        }
        Instant sent = Instant.ofEpochSecond(Long.parseLong(timestamp));
        if (Duration.between(sent, Instant.now()).abs().compareTo(TOLERANCE) > 0) {
            return false;
        }
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        byte[] wanted = mac.doFinal(body);
        // There are several while one secret takes the place of another.
        for (String signature : signatures.split(" ")) {
            if (signature.startsWith("v1,") && isEqual(signature.substring(3), wanted)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isEqual(String encoded, byte[] wanted) {
        try {
            return MessageDigest.isEqual(Base64.getDecoder().decode(encoded), wanted);
        } catch (IllegalArgumentException noBase64) {
            return false;
        }
    }

    /** An event may come more than once: after a lost answer, or a crash of either side. */
    private synchronized void take(String id, byte[] event) {
        if (seen.contains(id)) {
            return;
        }
        System.out.println("received " + event.length + " bytes " + id);
        seen.add(id);
        if (seen.size() > IDS_MAX) {
            seen.remove(seen.iterator().next());
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readNBytes(BODY_BYTES_MAX);
        boolean genuine;
        try {
            genuine = isGenuine(exchange.getRequestHeaders(), body);
        } catch (GeneralSecurityException impossible) {
            throw new IOException(impossible);
        }
        if (genuine) {
            take(exchange.getRequestHeaders().getFirst("webhook-id"), body);
        }
        byte[] text = (genuine ? "ok\n" : "not genuine\n").getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(genuine ? 200 : 400, text.length);
        exchange.getResponseBody().write(text);
        exchange.close();
    }

    public static void main(String[] words) throws IOException {
        String encoded = System.getenv().getOrDefault("WEBHOOK_SECRET", "").replaceFirst("^whsec_", "");
        byte[] secret = Base64.getDecoder().decode(encoded);
        if (secret.length < 24) {
            System.err.println("WEBHOOK_SECRET must be the secret of the destination: whsec_…");
            System.exit(2);
        }
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "9000"));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        HttpServer server = HttpServer.create(address, 0);
        server.createContext("/", new Receiver(secret)::answer);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }
}
