import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Compares Cauce's codecs with those of the Java library: CodecOracle CODEC_TOOL JAR_FOLDER. Prints "will NAME" for every
 * check and then "ok NAME" or "not ok NAME: REASON".
 */
public final class CodecOracle {
    private interface Check {
        String run() throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        Definitions definitions = new Definitions(Path.of(arguments[1]));
        boolean failed = false;
        try (Tool tool = new Tool(arguments[0])) {
            Map<String, Check> checks = new LinkedHashMap<>();
            checks.put("every message is known", () -> sameMessages(tool, definitions));
            checks.put("api table", () -> sameApis(tool));
            for (String name : definitions.byName.keySet()) {
                checks.put(name, () -> new MessageCheck(tool, definitions, name).run());
            }
            BatchCheck batches = new BatchCheck(tool);
            BatchCheck.codecs().forEach((name, codec) -> checks.put(name, () -> batches.run(codec)));
            checks.put("control batches", batches::control);
            checks.put("messages of formats 0 and 1", batches::legacy);

            checks.keySet().forEach(name -> System.out.println("will " + name));
            for (Map.Entry<String, Check> check : checks.entrySet()) {
                String problem;
                try {
                    problem = check.getValue().run();
                } catch (Exception e) {
                    Throwable cause = e.getCause() == null ? e : e.getCause();
                    problem = cause.toString();
                }
                failed |= problem != null;
                System.out.println(problem == null ? "ok " + check.getKey()
                    : "not ok " + check.getKey() + ": " + problem.replace('\n', ' '));
            }
        }
        System.exit(failed ? 1 : 0);
    }

    private static String sameMessages(Tool tool, Definitions definitions) throws Exception {
        Set<String> ours = new HashSet<>();
        for (String line : tool.ask("messages")) ours.add(line.split(" ")[0]);
        List<String> problems = new ArrayList<>();
        for (String name : definitions.byName.keySet()) if (!ours.remove(name)) problems.add("no " + name);
        ours.forEach(name -> problems.add(name + " is not published"));
        return problems.isEmpty() ? null : String.join(", ", problems);
    }

    /** Keys, names, versions, listeners, and which header goes with which version. */
    private static String sameApis(Tool tool) throws Exception {
        List<String> ours = tool.ask("apis");
        List<String> theirs = new ArrayList<>();
        for (ApiKeys key : ApiKeys.values()) {
            ApiMessageType type = key.messageType;
            if (type.lowestSupportedVersion() > type.highestSupportedVersion(true)) continue;
            Set<ApiMessageType.ListenerType> listeners = type.listeners();
            StringBuilder line = new StringBuilder().append(key.id).append(' ').append(type.name).append(' ')
                .append(type.lowestSupportedVersion()).append(' ').append(type.highestSupportedVersion(false)).append(' ')
                .append(type.highestSupportedVersion(true)).append(' ')
                .append(listeners.contains(ApiMessageType.ListenerType.BROKER) ? "b" : "")
                .append(listeners.contains(ApiMessageType.ListenerType.CONTROLLER) ? "c" : "");
            for (short v = type.lowestSupportedVersion(); v <= type.highestSupportedVersion(true); v++) {
                line.append(' ').append(type.requestHeaderVersion(v)).append(':').append(type.responseHeaderVersion(v));
            }
            theirs.add(line.toString());
        }
        for (int i = 0; i < Math.max(ours.size(), theirs.size()); i++) {
            String mine = i < ours.size() ? ours.get(i) : "nothing";
            String other = i < theirs.size() ? theirs.get(i) : "nothing";
            if (!mine.equals(other)) return "Cauce has " + mine + ", Java " + other;
        }
        return null;
    }
}
