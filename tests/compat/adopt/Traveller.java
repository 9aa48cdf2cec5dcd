import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The clients that stay while the broker behind their address changes: a command in JSON per line, a line of JSON when it is
 * done. Producers and group members live until they are told to close, so what a broker remembers of them must outlive it.
 */
final class Traveller {
    private static final int PATIENCE_MS = 60_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String bootstrap;
    // Of the first records: a broker forgets producers whose newest record is a day old.
    private final long beginning;
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    private final Map<String, Integer> written = new HashMap<>();
    private final Map<String, KafkaConsumer<byte[], byte[]>> members = new HashMap<>();

    private Traveller(String bootstrap, long beginning) {
        this.bootstrap = bootstrap;
        this.beginning = beginning;
    }

    public static void main(String[] args) throws Exception {
        Traveller traveller = new Traveller(args[0], System.currentTimeMillis() - 3_600_000);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String answer;
            try {
                Object result = traveller.obey(JSON.readTree(line));
                Map<String, Object> done = new HashMap<>();
                done.put("done", result);
                answer = JSON.writeValueAsString(done);
            } catch (Exception failure) {
                StringBuilder reason = new StringBuilder(failure.toString());
                for (Throwable why = failure.getCause(); why != null; why = why.getCause()) {
                    reason.append(": ").append(why);
                }
                answer = JSON.writeValueAsString(Map.of("failed", reason.toString()));
            }
            System.out.println(answer);
            System.out.flush();
        }
        // Clients are left as a killed process leaves them; their threads must not keep this one.
        Runtime.getRuntime().halt(0);
    }

    private Object obey(JsonNode command) throws Exception {
        String name = command.path(1).asText();
        return switch (command.get(0).asText()) {
            case "create" -> create(name, command.get(2).asInt(), command.get(3));
            case "delete" -> delete(name);
            case "configure" -> configure(command.get(1).asText(), command.get(2).asText(), command.get(3));
            case "trim" -> trim(name, command.get(2).asInt(), command.get(3).asLong());
            case "produce" -> produce(name, command.get(2).asText(), command.get(3).asInt(), command.get(4));
            case "begin" -> begin(name, command.get(2));
            case "end" -> end(name, command.get(2).asText());
            case "member" -> member(name, command.get(2).asText(), command.get(3).asText(), command.get(4).asText());
            case "read" -> read(name, command.get(2).asInt());
            case "leave" -> leave(name);
            case "position" -> position(name, command.get(2).asText(), command.get(3).asInt(), command.get(4).asLong());
            case "share" -> share(name, command.get(2).asText(), command.get(3).asInt());
            case "quota" -> quota(name, command.get(2).asDouble());
            case "quotas" -> quotas();
            case "acl" -> acl(name);
            case "features" -> features();
            case "dump" -> dump(Path.of(name), command.get(2));
            default -> throw new IllegalArgumentException("no such verb: " + command);
        };
    }

    // ---- topics and settings ----

    private Object create(String topic, int partitions, JsonNode settings) throws Exception {
        Map<String, String> configs = new HashMap<>();
        settings.properties().forEach(setting -> configs.put(setting.getKey(), setting.getValue().asText()));
        try (Admin admin = admin()) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
        }
        return true;
    }

    private Object delete(String topic) throws Exception {
        try (Admin admin = admin()) {
            admin.deleteTopics(List.of(topic)).all().get();
        }
        return true;
    }

    private Object configure(String type, String name, JsonNode settings) throws Exception {
        List<AlterConfigOp> operations = new ArrayList<>();
        settings.properties().forEach(setting -> operations.add(new AlterConfigOp(
            new ConfigEntry(setting.getKey(), setting.getValue().asText()), AlterConfigOp.OpType.SET)));
        try (Admin admin = admin()) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.valueOf(type), name);
            admin.incrementalAlterConfigs(Map.of(resource, (Collection<AlterConfigOp>) operations)).all().get();
        }
        return true;
    }

    private Object trim(String topic, int partition, long before) throws Exception {
        try (Admin admin = admin()) {
            admin.deleteRecords(Map.of(new TopicPartition(topic, partition), RecordsToDelete.beforeOffset(before))).all().get();
        }
        return true;
    }

    private Object quota(String user, double bytes) throws Exception {
        ClientQuotaEntity entity = new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, user));
        ClientQuotaAlteration.Op operation = new ClientQuotaAlteration.Op("producer_byte_rate", bytes);
        try (Admin admin = admin()) {
            admin.alterClientQuotas(List.of(new ClientQuotaAlteration(entity, List.of(operation)))).all().get();
        }
        return true;
    }

    private Object quotas() throws Exception {
        try (Admin admin = admin()) {
            Map<String, Object> found = new TreeMap<>();
            admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get()
                .forEach((entity, limits) -> found.put(new TreeMap<>(entity.entries()).toString(), new TreeMap<>(limits)));
            return found;
        }
    }

    private Object acl(String topic) throws Exception {
        AclBinding binding = new AclBinding(
            new org.apache.kafka.common.resource.ResourcePattern(
                org.apache.kafka.common.resource.ResourceType.TOPIC, topic,
                org.apache.kafka.common.resource.PatternType.LITERAL),
            new AccessControlEntry(
                "User:nobody", "*", org.apache.kafka.common.acl.AclOperation.READ,
                org.apache.kafka.common.acl.AclPermissionType.ALLOW));
        try (Admin admin = admin()) {
            admin.createAcls(List.of(binding)).all().get();
        }
        return true;
    }

    private Object features() throws Exception {
        try (Admin admin = admin()) {
            Map<String, Object> levels = new TreeMap<>();
            admin.describeFeatures().featureMetadata().get().finalizedFeatures()
                .forEach((name, range) -> levels.put(name, range.maxVersionLevel()));
            return levels;
        }
    }

    // ---- writing ----

    /** Records whose content follows from the producer's name and how many it has written: any run makes the same ones. */
    private ProducerRecord<byte[], byte[]> record(String id, String topic, int number, int partitions, int keys) {
        Random random = new Random(id.hashCode() * 1_000_003L + number);
        byte[] key = random.nextInt(10) == 0 && keys == 0 ? null
            : ("key-" + (keys > 0 ? random.nextInt(keys) : number)).getBytes(StandardCharsets.UTF_8);
        byte[] value = null;
        if (random.nextInt(keys > 0 ? 10 : 50) != 0) {
            value = new byte[16 + random.nextInt(240)];
            // Half of it repeats, so that the codecs have something to do.
            for (int i = 0; i < value.length; ++i) {
                value[i] = (byte) (i % 2 == 0 ? 'a' + i % 7 : random.nextInt(256));
            }
        }
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
            topic, number % partitions, beginning + number * 10L + random.nextInt(500), key, value);
        if (number % 17 == 0) {
            record.headers().add("origin", id.getBytes(StandardCharsets.UTF_8)).add("empty", new byte[0]).add("none", null);
        }
        return record;
    }

    private Object produce(String id, String topic, int count, JsonNode settings) throws Exception {
        KafkaProducer<byte[], byte[]> producer = producer(id, settings);
        int partitions = settings.path("partitions").asInt(1);
        int keys = settings.path("keys").asInt(0);
        int number = written.getOrDefault(id, 0);
        List<Future<RecordMetadata>> sent = new ArrayList<>(count);
        for (int i = 0; i < count; ++i) {
            sent.add(producer.send(record(id, topic, number++, partitions, keys)));
        }
        written.put(id, number);
        producer.flush();
        long last = -1;
        for (Future<RecordMetadata> one : sent) {
            last = Math.max(last, one.get().offset());
        }
        return last;
    }

    private KafkaProducer<byte[], byte[]> producer(String id, JsonNode settings) {
        return producers.computeIfAbsent(id, name -> {
            Properties properties = properties();
            properties.put("key.serializer", ByteArraySerializer.class.getName());
            properties.put("value.serializer", ByteArraySerializer.class.getName());
            properties.put("acks", "all");
            properties.put("linger.ms", "5");
            properties.put("batch.size", "8192");
            properties.put("delivery.timeout.ms", String.valueOf(2 * PATIENCE_MS));
            settings.path("properties").properties()
                .forEach(setting -> properties.put(setting.getKey(), setting.getValue().asText()));
            return new KafkaProducer<>(properties);
        });
    }

    private Object begin(String id, JsonNode settings) {
        boolean fresh = !producers.containsKey(id);
        KafkaProducer<byte[], byte[]> producer = producer(id, settings);
        if (fresh) {
            producer.initTransactions();
        }
        producer.beginTransaction();
        return true;
    }

    private Object end(String id, String how) {
        if (how.equals("commit")) {
            producers.get(id).commitTransaction();
        } else {
            producers.get(id).abortTransaction();
        }
        return true;
    }

    // ---- groups ----

    private Object member(String id, String group, String topic, String protocol) {
        Properties settings = properties();
        settings.put("group.id", group);
        settings.put("group.protocol", protocol);
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", "100");
        KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(topic));
        members.put(id, consumer);
        return true;
    }

    /** Reads on for at least so many records and commits; partition by partition, from which offset to which it went. */
    private Object read(String id, int count) {
        KafkaConsumer<byte[], byte[]> consumer = members.get(id);
        Map<String, long[]> ranges = new TreeMap<>();
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        int got = 0;
        while (got < count) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException(got + " of " + count + " records were read in " + PATIENCE_MS + " ms");
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                ++got;
                ranges.computeIfAbsent(
                    record.topic() + "-" + record.partition(), at -> new long[] {record.offset(), record.offset()})[1] =
                    record.offset() + 1;
            }
        }
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        for (TopicPartition partition : consumer.assignment()) {
            next.put(partition, new OffsetAndMetadata(consumer.position(partition), "by " + id));
        }
        consumer.commitSync(next);
        return ranges;
    }

    private Object leave(String id) {
        members.remove(id).close(Duration.ofSeconds(10));
        return true;
    }

    private Object position(String group, String topic, int partition, long offset) throws Exception {
        try (Admin admin = admin()) {
            admin.alterConsumerGroupOffsets(
                group, Map.of(new TopicPartition(topic, partition), new OffsetAndMetadata(offset, "set"))).all().get();
        }
        return true;
    }

    private Object share(String group, String topic, int count) throws Exception {
        try (Admin admin = admin()) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
            admin.incrementalAlterConfigs(Map.of(resource, (Collection<AlterConfigOp>) List.of(new AlterConfigOp(
                new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET)))).all().get();
        }
        Properties settings = properties();
        settings.put("group.id", group);
        settings.put("share.acknowledgement.mode", "explicit");
        int got = 0;
        try (KafkaShareConsumer<byte[], byte[]> consumer =
                 new KafkaShareConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            long deadline = System.currentTimeMillis() + PATIENCE_MS;
            while (got < count && System.currentTimeMillis() < deadline) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
                    consumer.acknowledge(record, AcknowledgeType.ACCEPT);
                    ++got;
                }
                consumer.commitSync();
            }
        }
        return got;
    }

    // ---- what is served ----

    /** Everything that the broker serves, a line a fact, in an order that does not depend on it. */
    private Object dump(Path file, JsonNode groups) throws Exception {
        try (Admin admin = admin(); BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write("cluster " + admin.describeCluster().clusterId().get() + "\n");
            TreeSet<String> names = new TreeSet<>(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get());
            Map<String, TopicDescription> topics = admin.describeTopics(names).allTopicNames().get();
            List<TopicPartition> partitions = new ArrayList<>();
            for (String name : names) {
                TopicDescription topic = topics.get(name);
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
                Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
                TreeMap<String, String> set = new TreeMap<>();
                for (ConfigEntry entry : config.entries()) {
                    // Kafka shows its internal keys where they are set; they are for tests alone.
                    boolean internal = entry.name().startsWith("internal.");
                    if (!internal && entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) {
                        set.put(entry.name(), entry.value());
                    }
                }
                out.write("topic " + name + " " + topic.topicId() + " " + set + "\n");
                topic.partitions().forEach(partition -> partitions.add(new TopicPartition(name, partition.partition())));
            }
            for (TopicPartition partition : partitions) {
                if (names.contains(partition.topic()) && !topics.get(partition.topic()).isInternal()) {
                    dumpProducers(admin, partition, out);
                }
            }
            dumpRecords(partitions, out);
            for (JsonNode group : groups) {
                Map<String, String> offsets = new TreeMap<>();
                admin.listConsumerGroupOffsets(group.asText()).partitionsToOffsetAndMetadata().get()
                    .forEach((at, offset) -> offsets.put(at.toString(), offset == null ? "none"
                        : offset.offset() + " epoch " + offset.leaderEpoch().orElse(-1) + " \"" + offset.metadata() + "\""));
                out.write("group " + group.asText() + " " + offsets + "\n");
            }
        }
        return true;
    }

    private static void dumpProducers(Admin admin, TopicPartition partition, BufferedWriter out) throws Exception {
        List<ProducerState> states;
        try {
            states = new ArrayList<>(
                admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers());
        } catch (java.util.concurrent.ExecutionException refused) {
            if (refused.getCause() instanceof UnsupportedVersionException) {
                out.write("producer " + partition + " cannot be asked\n");
                return;
            }
            throw refused;
        }
        states.sort((a, b) -> Long.compare(a.producerId(), b.producerId()));
        for (ProducerState state : states) {
            out.write("producer " + partition + " " + state.producerId() + " epoch " + state.producerEpoch() + " sequence "
                + state.lastSequence() + " time " + state.lastTimestamp() + " transaction "
                + state.currentTransactionStartOffset().orElse(-1) + "\n");
        }
    }

    private void dumpRecords(List<TopicPartition> partitions, BufferedWriter out) throws Exception {
        Properties settings = properties();
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "none");
        settings.put("max.poll.records", "5000");
        settings.put("max.partition.fetch.bytes", "4194304");
        Properties committed = new Properties();
        committed.putAll(settings);
        committed.put("isolation.level", "read_committed");
        try (KafkaConsumer<byte[], byte[]> all =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
             KafkaConsumer<byte[], byte[]> stable =
                 new KafkaConsumer<>(committed, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            Map<TopicPartition, Long> starts = all.beginningOffsets(partitions);
            Map<TopicPartition, Long> ends = all.endOffsets(partitions);
            Map<TopicPartition, Long> stableEnds = stable.endOffsets(partitions);
            for (TopicPartition partition : partitions) {
                out.write("partition " + partition + " from " + starts.get(partition) + " to " + ends.get(partition)
                    + " stable " + stableEnds.get(partition) + "\n");
                if (starts.get(partition).equals(ends.get(partition))) {
                    continue;
                }
                long[] times = {Long.MAX_VALUE, 0};
                dumpPartition(all, partition, starts.get(partition), ends.get(partition), "record", times, out);
                if (!partition.topic().startsWith("__")) {
                    dumpPartition(stable, partition, starts.get(partition), stableEnds.get(partition), "committed", null, out);
                    // In a compacted log Kafka looks no further than the first segment that once had the time, and
                    // answers that there is nothing when cleaning has emptied it.
                    if (times[1] > 0 && !partition.topic().equals("compacted")) {
                        dumpTimes(all, partition, times, out);
                    }
                }
            }
        }
    }

    private static void dumpPartition(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long start, long end,
                                      String what, long[] times, BufferedWriter out) throws Exception {
        consumer.assign(List.of(partition));
        consumer.seek(partition, start);
        long deadline = System.currentTimeMillis() + PATIENCE_MS;
        CRC32 crc = new CRC32();
        long count = 0;
        while (consumer.position(partition) < end) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException(
                    partition + " was not read from " + consumer.position(partition) + " to " + end + " in time");
            }
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                deadline = System.currentTimeMillis() + PATIENCE_MS;
                if (times == null) {
                    ++count;
                    crc.update(String.valueOf(record.offset()).getBytes(StandardCharsets.UTF_8));
                    continue;
                }
                times[0] = Math.min(times[0], record.timestamp());
                times[1] = Math.max(times[1], record.timestamp());
                StringBuilder headers = new StringBuilder();
                for (Header header : record.headers()) {
                    headers.append(' ').append(header.key()).append('=').append(sum(header.value()));
                }
                out.write(what + " " + partition + " " + record.offset() + " epoch " + record.leaderEpoch().orElse(-1) + " "
                    + record.timestampType() + " " + record.timestamp() + " key " + sum(record.key()) + " value "
                    + sum(record.value()) + headers + "\n");
            }
        }
        if (times == null) {
            out.write(what + " " + partition + " count " + count + " offsets " + Long.toHexString(crc.getValue()) + "\n");
        }
    }

    /** What is found by time: at both ends, outside, and at places between. */
    private static void dumpTimes(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long[] times,
                                  BufferedWriter out) throws Exception {
        for (int i = -1; i <= 17; ++i) {
            long time = times[0] + (times[1] - times[0]) * i / 16;
            OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, time)).get(partition);
            out.write("time " + partition + " " + time + " " + (found == null ? "none"
                : found.offset() + " at " + found.timestamp() + " epoch " + found.leaderEpoch().orElse(-1)) + "\n");
        }
    }

    private static String sum(byte[] bytes) {
        if (bytes == null) {
            return "null";
        }
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return bytes.length + ":" + Long.toHexString(crc.getValue());
    }

    private Admin admin() {
        return Admin.create(properties());
    }

    private Properties properties() {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("request.timeout.ms", "20000");
        properties.put("default.api.timeout.ms", String.valueOf(PATIENCE_MS));
        properties.put("reconnect.backoff.max.ms", "500");
        properties.put("enable.metrics.push", "false");
        return properties;
    }
}
