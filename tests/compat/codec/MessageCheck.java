import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.protocol.types.RawTaggedField;

/** One message in all its versions, both ways. */
final class MessageCheck {
    private static final int SEEDS = 6;

    private final Tool tool;
    private final String name;
    private final JsonNode definition;
    private final Constructor<?> reader;
    private final Method fromJson;

    MessageCheck(Tool tool, Definitions definitions, String name) throws ReflectiveOperationException {
        this.tool = tool;
        this.name = name;
        this.definition = definitions.byName.get(name);
        Class<?> type = definitions.classOf(name);
        this.reader = type.getConstructor(Readable.class, short.class);
        this.fromJson = Class.forName(type.getName() + "JsonConverter").getMethod("read", JsonNode.class, short.class);
    }

    /** Null when all is well, else what is not. */
    String run() throws Exception {
        short[] versions = Definitions.versions(definition.get("validVersions").asText());
        for (short version = versions[0]; version <= versions[1]; version++) {
            for (int seed = 0; seed < SEEDS; seed++) {
                String problem = fromJava(version, seed);
                if (problem == null) problem = toJava(version, seed);
                if (problem != null) return "version " + version + " seed " + seed + ": " + problem;
            }
        }
        return null;
    }

    private String fromJava(short version, int seed) throws Exception {
        ObjectNode json = new RandomJson(definition, version, seed).message();
        Message message = (Message) fromJson.invoke(null, json, version);
        byte[] bytes = write(message, version);
        byte[] again = tool.bytes("reencode " + name + " " + version + " " + Tool.toHex(bytes));
        if (!Arrays.equals(bytes, again)) return difference("Java wrote", bytes, "Cauce made of it", again);
        if (!Definitions.has(definition.get("flexibleVersions"), version)) return null;
        // Tagged fields that nobody knows are skipped.
        message.unknownTaggedFields().add(new RawTaggedField(1000, new byte[0]));
        message.unknownTaggedFields().add(new RawTaggedField(70000, new byte[] {1, 2, 3}));
        byte[] tagged = write(message, version);
        if (tagged.length <= bytes.length) return "Java left the unknown tags out";
        again = tool.bytes("reencode " + name + " " + version + " " + Tool.toHex(tagged));
        if (!Arrays.equals(bytes, again)) return difference("without unknown tags", bytes, "Cauce made", again);
        return null;
    }

    private String toJava(short version, int seed) throws Exception {
        byte[] bytes = tool.bytes("random " + name + " " + version + " " + seed);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        Message message = (Message) reader.newInstance(new ByteBufferAccessor(buffer), version);
        if (buffer.hasRemaining()) return "Java left " + buffer.remaining() + " bytes of " + Tool.toHex(bytes);
        byte[] again = write(message, version);
        if (!Arrays.equals(bytes, again)) return difference("Cauce wrote", bytes, "Java made of it", again);
        return null;
    }

    private static byte[] write(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        int size = message.size(cache, version);
        ByteBuffer buffer = ByteBuffer.allocate(size);
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return Arrays.copyOf(buffer.array(), buffer.position());
    }

    private static String difference(String whose, byte[] first, String other, byte[] second) {
        return whose + " " + Tool.abbreviated(Tool.toHex(first)) + ", " + other + " "
            + Tool.abbreviated(Tool.toHex(second)) + ", which differ at byte " + Arrays.mismatch(first, second);
    }
}
