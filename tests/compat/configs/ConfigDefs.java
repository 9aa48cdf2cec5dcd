import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.QuotaConfig;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * Prints every configuration key that Apache Kafka defines, a line each, in seven columns with tabs between them: scope, name,
 * type, importance, update mode (of brokers' keys), default, range. A default or range begins with "=", is "null" when there is
 * none, and a default is "required" when the key must be given.
 */
public final class ConfigDefs {
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    public static void main(String[] arguments) {
        print("broker", AbstractKafkaConfig.CONFIG_DEF, DynamicBrokerConfig.dynamicConfigUpdateModes());
        // Never in a file: for one broker, or for all of them.
        ConfigDef quotas = QuotaConfig.brokerQuotaConfigs();
        print("broker", quotas, quotas.names().stream().collect(Collectors.toMap(name -> name, name -> "cluster-wide")));
        print("topic", LogConfig.configDefCopy(), Map.of());
        print("group", GroupConfig.CONFIG_DEF, Map.of());
        print("client-metrics", ClientMetricsConfigs.configDef(), Map.of());
        OUT.flush();
    }

    private static void print(String scope, ConfigDef definition, Map<String, String> modes) {
        new TreeMap<>(definition.configKeys()).forEach((name, key) -> OUT.println(String.join("\t", scope, name,
            key.type.toString().toLowerCase(Locale.ROOT), key.importance.toString().toLowerCase(Locale.ROOT),
            modes.getOrDefault(name, "read-only"), defaultOf(key), key.validator == null ? "null" : "=" + key.validator)));
    }

    private static String defaultOf(ConfigDef.ConfigKey key) {
        if (!key.hasDefault()) return "required";
        return key.defaultValue == null ? "null" : "=" + ConfigDef.convertToString(key.defaultValue, key.type);
    }

    private ConfigDefs() {}
}
