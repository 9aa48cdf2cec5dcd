import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** The published message definitions, and the generated Java class of each, found in the jars. */
final class Definitions {
    private static final String CONVERTER = "JsonConverter.class";

    /** Name as in the definition ("ProduceRequest") to the definition. */
    final Map<String, JsonNode> byName = new TreeMap<>();
    private final Map<String, String> classBySimpleName = new HashMap<>();

    Definitions(Path folder) throws IOException {
        ObjectMapper mapper = new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "kafka-*.jar")) {
            for (Path jar : jars) {
                try (JarFile file = new JarFile(jar.toFile())) {
                    for (JarEntry entry : Collections.list(file.entries())) read(mapper, file, entry);
                }
            }
        }
    }

    private void read(ObjectMapper mapper, JarFile file, JarEntry entry) throws IOException {
        String path = entry.getName();
        if (path.matches("(common/message|common/metadata|message)/\\w+\\.json")) {
            try (InputStream in = file.getInputStream(entry)) {
                JsonNode definition = mapper.readTree(in);
                if (!definition.get("validVersions").asText().equals("none")) {
                    byName.put(definition.get("name").asText(), definition);
                }
            }
        } else if (path.endsWith(CONVERTER) && !path.contains("$")) {
            String name = path.substring(0, path.length() - CONVERTER.length()).replace('/', '.');
            classBySimpleName.put(name.substring(name.lastIndexOf('.') + 1), name);
        }
    }

    /** The class behind a definition: of the same name, or with "Data" behind it. */
    Class<?> classOf(String name) throws ClassNotFoundException {
        String found = classBySimpleName.getOrDefault(name + "Data", classBySimpleName.get(name));
        if (found == null) throw new ClassNotFoundException(name);
        return Class.forName(found);
    }

    /** First and last version; the last is Short.MAX_VALUE for "3+". */
    static short[] versions(String text) {
        if (text.endsWith("+")) return new short[] {Short.parseShort(text.substring(0, text.length() - 1)), Short.MAX_VALUE};
        int dash = text.indexOf('-');
        if (dash < 0) return new short[] {Short.parseShort(text), Short.parseShort(text)};
        return new short[] {Short.parseShort(text.substring(0, dash)), Short.parseShort(text.substring(dash + 1))};
    }

    static boolean has(JsonNode versions, short version) {
        if (versions == null || versions.asText().equals("none")) return false;
        short[] range = versions(versions.asText());
        return range[0] <= version && version <= range[1];
    }
}
