import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Writes a partition's segment as brokers of several ages would have left it, messages of format 0, then 1, then batches of
 * format 2, and what the Java library reads in it. README.md says how it is run.
 */
final class LegacyLog {
    private static final long TIME = 1_400_000_000_000L;
    private static final String[] OLD_CODECS = {"none", "gzip", "snappy", "lz4"};

    private static long next = 0;
    private static long step = 1;

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[0]));
        ByteBuffer log = ByteBuffer.allocate(1 << 20);
        for (String codec : OLD_CODECS) append(log, (byte) 0, codec, TimestampType.NO_TIMESTAMP_TYPE, 3);
        for (String codec : OLD_CODECS) append(log, (byte) 1, codec, TimestampType.CREATE_TIME, 3);
        for (String codec : OLD_CODECS) append(log, (byte) 1, codec, TimestampType.LOG_APPEND_TIME, 3);
        // What compaction leaves: offsets are missing, between messages and inside a wrapper.
        next += 7;
        step = 4;
        append(log, (byte) 1, "gzip", TimestampType.CREATE_TIME, 3);
        append(log, (byte) 0, "snappy", TimestampType.NO_TIMESTAMP_TYPE, 3);
        step = 1;
        append(log, (byte) 2, "zstd", TimestampType.CREATE_TIME, 3);
        log.flip();
        byte[] bytes = new byte[log.limit()];
        log.get(bytes).flip();
        Files.write(folder.resolve("00000000000000000000.log"), bytes);

        try (PrintStream out = new PrintStream(folder.resolve("records.txt").toFile(), StandardCharsets.UTF_8)) {
            for (RecordBatch batch : MemoryRecords.readableRecords(log).batches()) {
                batch.ensureValid();
                out.printf("batch %d %d %d %d %d %s %s %d%n", batch.baseOffset(), batch.lastOffset(), batch.magic(),
                    batch.sizeInBytes(), batch.maxTimestamp(), batch.compressionType().name, batch.timestampType().name,
                    batch.offsetOfMaxTimestamp().orElse(-1L));
                for (Record record : batch) {
                    out.printf("record %d %d %s %s%n", record.offset(), record.timestamp(), text(record.key()),
                        text(record.value()));
                }
            }
        }
    }

    private static void append(ByteBuffer log, byte magic, String codec, TimestampType type, int count) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        MemoryRecordsBuilder builder = MemoryRecords.builder(buffer, magic, Compression.of(codec).build(), type, next,
            type == TimestampType.LOG_APPEND_TIME ? TIME + 500_000 + next : RecordBatch.NO_TIMESTAMP,
            RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, false,
            magic < 2 ? RecordBatch.NO_PARTITION_LEADER_EPOCH : 4);
        for (int i = 0; i < count; i++) {
            // The second of three has the largest timestamp; a key, no key, no value.
            long timestamp = magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME + next * 1000 + (i == 1 ? 5000 : 0);
            String key = i == 1 ? null : "k" + next;
            String value = i == 2 ? null : codec + " of format " + magic + ", " + "again and ".repeat(4) + next;
            builder.appendWithOffset(next, timestamp, bytes(key), bytes(value));
            next += step;
        }
        log.put(builder.build().buffer());
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ByteBuffer buffer) {
        return buffer == null ? "-" : StandardCharsets.UTF_8.decode(buffer.duplicate()).toString().replace(' ', '_');
    }
}
