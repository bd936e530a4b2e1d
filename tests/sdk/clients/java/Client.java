// RudderStack's Java SDK as an application uses it; driven by lib/line-client.mjs.
//
// The first line of stdin holds the settings, every other one a go: a list of calls, each its name
// and its event. A go is answered by one line: for each call null, or how it failed.

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.ToNumberPolicy;
import com.google.gson.reflect.TypeToken;
import com.rudderstack.sdk.java.analytics.Callback;
import com.rudderstack.sdk.java.analytics.RudderAnalytics;
import com.rudderstack.sdk.java.analytics.messages.AliasMessage;
import com.rudderstack.sdk.java.analytics.messages.GroupMessage;
import com.rudderstack.sdk.java.analytics.messages.IdentifyMessage;
import com.rudderstack.sdk.java.analytics.messages.Message;
import com.rudderstack.sdk.java.analytics.messages.MessageBuilder;
import com.rudderstack.sdk.java.analytics.messages.PageMessage;
import com.rudderstack.sdk.java.analytics.messages.ScreenMessage;
import com.rudderstack.sdk.java.analytics.messages.TrackMessage;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

class Client {
    private static final Gson GSON = new GsonBuilder()
            .serializeNulls()
            .setObjectToNumberStrategy(ToNumberPolicy.LAZILY_PARSED_NUMBER)
            .create();

    /** What the SDK tells of an event; `failure` is null where it was sent. */
    private record Outcome(String id, String failure) {}

    /** Takes what the SDK tells by its callback. */
    private static class Told implements Callback {
        final BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();

        @Override
        public void success(Message event) {
            outcomes.add(new Outcome(event.messageId(), null));
        }

        @Override
        public void failure(Message event, Throwable failure) {
            outcomes.add(new Outcome(event.messageId(), failure.getMessage()));
        }
    }

    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var settings = GSON.fromJson(lines.readLine(), JsonObject.class);
        var told = new Told();
        var analytics = RudderAnalytics.builder(settings.get("writeKey").getAsString())
                .setDataPlaneUrl(settings.get("url").getAsString())
                .callback(told)
                .build();
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            out.println(GSON.toJson(send(analytics, told, GSON.fromJson(line, JsonArray.class))));
        }
        analytics.shutdown();
    }

    /** Makes the calls, and waits until the SDK has told what became of each. */
    private static List<String> send(RudderAnalytics analytics, Told told, JsonArray calls)
            throws InterruptedException {
        var failures = new HashMap<String, String>();
        var ids = new ArrayList<String>();
        for (var one : calls) {
            var call = one.getAsJsonArray();
            var event = GSON.fromJson(call.get(1), new TypeToken<Map<String, Object>>() {});
            ids.add((String) event.get("messageId"));
            analytics.enqueue(built(call.get(0).getAsString(), event));
        }
        analytics.flush();
        for (var ignored : ids) {
            var outcome = told.outcomes.take();
            failures.put(outcome.id(), outcome.failure());
        }
        return ids.stream().map(failures::get).toList();
    }

    private static MessageBuilder<?, ?> built(String name, Map<String, Object> event) {
        var builder = named(name, event);
        builder.messageId((String) event.get("messageId"));
        if (event.containsKey("userId")) builder.userId((String) event.get("userId"));
        if (event.containsKey("anonymousId")) builder.anonymousId((String) event.get("anonymousId"));
        if (event.containsKey("context")) builder.context(map(event, "context"));
        return builder;
    }

    private static MessageBuilder<?, ?> named(String name, Map<String, Object> event) {
        return switch (name) {
            case "identify" -> IdentifyMessage.builder().traits(map(event, "traits"));
            case "track" ->
                    TrackMessage.builder((String) event.get("event")).properties(map(event, "properties"));
            case "page" ->
                    PageMessage.builder((String) event.get("name")).properties(map(event, "properties"));
            case "screen" ->
                    ScreenMessage.builder((String) event.get("name")).properties(map(event, "properties"));
            case "group" ->
                    GroupMessage.builder((String) event.get("groupId")).traits(map(event, "traits"));
            case "alias" -> AliasMessage.builder((String) event.get("previousId"));
            default -> throw new IllegalArgumentException("there is no call " + name);
        };
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Map<String, Object> event, String name) {
        return (Map<String, Object>) event.getOrDefault(name, Map.of());
    }
}
