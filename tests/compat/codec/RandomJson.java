import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Random;
import org.apache.kafka.common.Uuid;

/** A message with random fields in Kafka's JSON form, made from its definition. */
final class RandomJson {
    private final JsonNode definition;
    private final short version;
    private final Random random;

    RandomJson(JsonNode definition, short version, long seed) {
        this.definition = definition;
        this.version = version;
        this.random = new Random(seed);
    }

    ObjectNode message() {
        return struct(definition.get("fields"));
    }

    private ObjectNode struct(JsonNode fields) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        for (JsonNode field : fields) {
            JsonNode versions = field.has("versions") ? field.get("versions") : field.get("taggedVersions");
            if (!Definitions.has(versions, version)) continue;
            boolean tagged = Definitions.has(field.get("taggedVersions"), version);
            if (tagged && random.nextInt(4) == 0) continue;
            String name = field.get("name").asText();
            node.set(Character.toLowerCase(name.charAt(0)) + name.substring(1), value(field));
        }
        return node;
    }

    private JsonNode value(JsonNode field) {
        if (Definitions.has(field.get("nullableVersions"), version) && random.nextInt(3) == 0) return NullNode.instance;
        String type = field.get("type").asText();
        if (!type.startsWith("[]")) return scalar(type, field);
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        int count = random.nextInt(40) == 0 ? 130 : random.nextInt(4);
        for (int i = 0; i < count; i++) array.add(scalar(type.substring(2), field));
        return array;
    }

    private JsonNode scalar(String type, JsonNode field) {
        switch (type) {
            case "bool":
                return BooleanNode.valueOf(random.nextBoolean());
            case "int8":
                return ShortNode.valueOf((short) integer(Byte.MIN_VALUE, Byte.MAX_VALUE));
            case "int16":
                return ShortNode.valueOf((short) integer(Short.MIN_VALUE, Short.MAX_VALUE));
            case "uint16":
                return IntNode.valueOf((int) integer(0, 0xffff));
            case "int32":
                return IntNode.valueOf((int) integer(Integer.MIN_VALUE, Integer.MAX_VALUE));
            case "uint32":
                return LongNode.valueOf(integer(0, 0xffffffffL));
            case "int64":
                return LongNode.valueOf(integer(Long.MIN_VALUE, Long.MAX_VALUE));
            case "float64":
                return DoubleNode.valueOf(random.nextGaussian() * 1e6);
            case "uuid":
                return TextNode.valueOf(new Uuid(random.nextLong(), random.nextLong()).toString());
            case "string":
                return TextNode.valueOf(text());
            case "bytes":
            case "records":
                return BinaryNode.valueOf(bytes());
            default:
                return struct(fieldsOf(type, field));
        }
    }

    private JsonNode fieldsOf(String type, JsonNode field) {
        if (field.has("fields")) return field.get("fields");
        for (JsonNode common : definition.get("commonStructs")) {
            if (common.get("name").asText().equals(type)) return common.get("fields");
        }
        throw new IllegalStateException("no struct " + type);
    }

    private long integer(long lowest, long highest) {
        switch (random.nextInt(5)) {
            case 0:
                return lowest;
            case 1:
                return highest;
            case 2:
                return random.nextInt(100);
            default:
                long range = highest - lowest + 1;
                return range == 0 ? random.nextLong() : lowest + Math.floorMod(random.nextLong(), range);
        }
    }

    private String text() {
        String[] pieces = {"a", "Z", "-", "0", "ñ", "漢", "😀"};
        StringBuilder text = new StringBuilder();
        int size = random.nextInt(30) == 0 ? 150 : random.nextInt(12);
        while (text.length() < size) text.append(pieces[random.nextInt(pieces.length)]);
        return text.toString();
    }

    private byte[] bytes() {
        byte[] bytes = new byte[random.nextInt(30) == 0 ? 300 : random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }
}
