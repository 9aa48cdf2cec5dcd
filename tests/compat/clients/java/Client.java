import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The commands of ../client.py's Program, by Apache Kafka's own Java client. */
final class Client {
    private static final long MILLIS = 20_000;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String bootstrap;

    private Client(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    public static void main(String[] args) throws IOException {
        Client client = new Client(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                client.obey(JSON.readTree(line));
                say(JSON.createObjectNode().put("done", true));
            } catch (Exception failure) {
                StringBuilder reason = new StringBuilder(failure.toString());
                for (Throwable why = failure.getCause(); why != null; why = why.getCause()) {
                    reason.append(": ").append(why);
                }
                say(JSON.createObjectNode().put("failed", reason.toString()));
            }
        }
    }

    private void obey(JsonNode command) throws Exception {
        JsonNode first = command.path(1);
        switch (command.get(0).asText()) {
            case "create" -> create(first.asText(), command.get(2).asInt());
            case "delete" -> delete(first);
            case "topics" -> topics();
            case "produce" -> produce(first.asText(), command.get(2).asText(), command.get(3));
            case "consume" -> consume(first.asText(), command.get(2));
            case "member" -> member(first.asText(), command.get(2).asText(), command.get(3).asText());
            case "committed" -> committed(first.asText(), command.get(2).asText());
            default -> throw new IllegalArgumentException("no such verb: " + command);
        }
    }

    private void create(String topic, int partitions) throws Exception {
        try (Admin admin = admin()) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
        }
    }

    private void delete(JsonNode names) throws Exception {
        List<String> topics = new ArrayList<>();
        names.forEach(name -> topics.add(name.asText()));
        try (Admin admin = admin()) {
            admin.deleteTopics(topics).all().get();
        }
    }

    private void topics() throws Exception {
        try (Admin admin = admin()) {
            Set<String> names = admin.listTopics().names().get();
            ObjectNode line = JSON.createObjectNode();
            admin.describeTopics(names).allTopicNames().get()
                .forEach((name, topic) -> line.put(name, topic.partitions().size()));
            say(line);
        }
    }

    private void produce(String topic, String codec, JsonNode writes) throws Exception {
        Properties settings = settings();
        settings.put("key.serializer", ByteArraySerializer.class.getName());
        settings.put("value.serializer", ByteArraySerializer.class.getName());
        settings.put("enable.idempotence", "true");
        settings.put("compression.type", codec);
        settings.put("linger.ms", "20");
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
            for (JsonNode write : writes) {
                List<Header> headers = new ArrayList<>();
                for (JsonNode header : write.get("headers")) {
                    headers.add(new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
                }
                Integer partition = write.get("partition").isNull() ? null : write.get("partition").asInt();
                Long timestamp = write.get("timestamp").isNull() ? null : write.get("timestamp").asLong();
                sent.add(producer.send(new ProducerRecord<>(
                    topic, partition, timestamp, bytes(write.get("key")), bytes(write.get("value")), headers)));
            }
        }
        for (Future<RecordMetadata> one : sent) {
            RecordMetadata place = one.get();
            say(JSON.createObjectNode().put("partition", place.partition()).put("offset", place.offset()));
        }
    }

    private void consume(String topic, JsonNode seeks) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(new Properties())) {
            List<TopicPartition> partitions = partitions(consumer, topic);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            read(consumer, ends);
            if (seeks.isEmpty()) {
                return;
            }
            consumer.seekToEnd(partitions);
            for (Map.Entry<String, JsonNode> seek : seeks.properties()) {
                TopicPartition partition = new TopicPartition(topic, Integer.parseInt(seek.getKey()));
                String kind = seek.getValue().get(0).asText();
                long value = seek.getValue().get(1).asLong();
                if (kind.equals("offset")) {
                    consumer.seek(partition, value);
                } else if (kind.equals("time")) {
                    OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, value)).get(partition);
                    if (found != null) {
                        consumer.seek(partition, found.offset());
                    }
                }
            }
            say(JSON.createObjectNode().put("sought", true));
            read(consumer, ends);
        }
    }

    /** Prints what lies between the positions and the ends. */
    private static void read(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        long deadline = System.currentTimeMillis() + MILLIS;
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("not read to the ends within " + MILLIS + " ms: " + ends);
            }
            consumer.poll(Duration.ofMillis(100)).forEach(Client::sayRecord);
        }
    }

    private void member(String topic, String group, String sessionMillis) throws Exception {
        Properties settings = new Properties();
        settings.put("group.id", group);
        settings.put("session.timeout.ms", sessionMillis);
        settings.put("heartbeat.interval.ms", "500");
        settings.put("auto.offset.reset", "earliest");
        KafkaConsumer<byte[], byte[]> consumer = consumer(settings);
        Thread reader = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                reader.join(MILLIS);
            } catch (InterruptedException ignored) {
                // The process ends either way.
            }
        }));
        Set<Integer> assigned = new TreeSet<>();
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> added) {
                added.forEach(partition -> assigned.add(partition.partition()));
                sayAssigned();
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> removed) {
                removed.forEach(partition -> assigned.remove(partition.partition()));
                sayAssigned();
            }

            private void sayAssigned() {
                ArrayNode partitions = JSON.createArrayNode();
                assigned.forEach(partitions::add);
                say(JSON.createObjectNode().set("assigned", partitions));
            }
        });
        try (consumer) {
            while (true) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) {
                    continue;
                }
                records.forEach(Client::sayRecord);
                Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
                records.forEach(record -> next.put(
                    new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1)));
                consumer.commitSync(next);
                say(JSON.createObjectNode().set("committed", offsets(next)));
            }
        } catch (WakeupException stop) {
            // Closing the consumer leaves the group.
        }
    }

    private void committed(String topic, String group) {
        Properties settings = new Properties();
        settings.put("group.id", group);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(settings)) {
            Map<TopicPartition, OffsetAndMetadata> found = consumer.committed(new HashSet<>(partitions(consumer, topic)));
            found.values().removeIf(offset -> offset == null);
            say(offsets(found));
        }
    }

    private Properties settings() {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("request.timeout.ms", String.valueOf(MILLIS));
        settings.put("default.api.timeout.ms", String.valueOf(MILLIS));
        return settings;
    }

    private Admin admin() {
        return Admin.create(settings());
    }

    private KafkaConsumer<byte[], byte[]> consumer(Properties more) {
        Properties settings = settings();
        settings.put("enable.auto.commit", "false");
        settings.putAll(more);
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static List<TopicPartition> partitions(KafkaConsumer<byte[], byte[]> consumer, String topic) {
        return consumer.partitionsFor(topic).stream()
            .map(partition -> new TopicPartition(topic, partition.partition())).toList();
    }

    private static ObjectNode offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
        ObjectNode line = JSON.createObjectNode();
        offsets.forEach((partition, offset) -> line.put(String.valueOf(partition.partition()), offset.offset()));
        return line;
    }

    private static void sayRecord(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode line = JSON.createObjectNode();
        line.put("partition", record.partition()).put("offset", record.offset()).put("timestamp", record.timestamp());
        line.put("key", text(record.key())).put("value", text(record.value()));
        ArrayNode headers = line.putArray("headers");
        record.headers().forEach(header -> headers.addArray().add(header.key()).add(text(header.value())));
        say(JSON.createObjectNode().set("record", line));
    }

    private static synchronized void say(JsonNode line) {
        System.out.println(line);
    }

    private static String text(byte[] data) {
        return data == null ? null : Base64.getEncoder().encodeToString(data);
    }

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }
}
