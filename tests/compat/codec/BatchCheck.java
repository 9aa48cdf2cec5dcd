import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.KRaftVersionRecord;
import org.apache.kafka.common.message.LeaderChangeMessage;
import org.apache.kafka.common.message.SnapshotFooterRecord;
import org.apache.kafka.common.message.SnapshotHeaderRecord;
import org.apache.kafka.common.message.VotersRecord;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Record batches of every codec and level, both ways, and control batches byte by byte. */
final class BatchCheck {
    private static final int SEEDS = 20;
    private static final long TIME = 1_700_000_000_000L;

    private final Tool tool;

    BatchCheck(Tool tool) {
        this.tool = tool;
    }

    /** Name of the check to the codec and level. */
    static Map<String, String> codecs() {
        Map<String, String> codecs = new LinkedHashMap<>();
        for (String codec : new String[] {"none -", "gzip -", "gzip 1", "gzip 9", "snappy -", "lz4 -", "lz4 1", "lz4 17",
            "zstd -", "zstd -5", "zstd 19"}) {
            boolean plain = codec.endsWith(" -");
            codecs.put("batches " + (plain ? codec.substring(0, codec.length() - 2) : codec), codec);
        }
        return codecs;
    }

    String run(String codec) throws Exception {
        for (int seed = 0; seed < SEEDS; seed++) {
            String problem = fromJava(codec, seed);
            if (problem == null) problem = toJava(codec, seed);
            if (problem != null) return "seed " + seed + ": " + problem;
        }
        return null;
    }

    private String toJava(String codec, int seed) throws Exception {
        List<String> lines = tool.ask("write " + codec + " " + seed);
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(Tool.fromHex(lines.get(0))));
        return firstDifference(lines.subList(1, lines.size()), describe(records));
    }

    private String fromJava(String codec, int seed) throws Exception {
        MemoryRecords records = random(compression(codec), new Random(seed));
        byte[] bytes = new byte[records.sizeInBytes()];
        records.buffer().duplicate().get(bytes);
        return firstDifference(tool.ask("read " + Tool.toHex(bytes)), describe(records));
    }

    /** Messages of formats 0 and 1 as brokers and producers of before 0.11 wrote them: only read. */
    String legacy() throws Exception {
        for (int seed = 0; seed < SEEDS; seed++) {
            for (String codec : new String[] {"none", "gzip", "snappy", "lz4"}) {
                for (byte magic = 0; magic < 2; magic++) {
                    MemoryRecords records = randomLegacy(magic, Compression.of(codec).build(), new Random(seed));
                    byte[] bytes = new byte[records.sizeInBytes()];
                    records.buffer().duplicate().get(bytes);
                    String problem = firstDifference(tool.ask("read " + Tool.toHex(bytes)), describeLegacy(records));
                    if (problem != null) return codec + " format " + magic + " seed " + seed + ": " + problem;
                }
            }
        }
        return null;
    }

    private static MemoryRecords randomLegacy(byte magic, Compression compression, Random random) {
        boolean append = magic > 0 && random.nextInt(3) == 0;
        TimestampType type = magic == 0 ? TimestampType.NO_TIMESTAMP_TYPE
            : append ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        long offset = 1 + random.nextInt(1_000_000);
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), magic, compression, type, offset,
            append ? TIME : RecordBatch.NO_TIMESTAMP, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH,
            RecordBatch.NO_SEQUENCE, false, RecordBatch.NO_PARTITION_LEADER_EPOCH);
        int count = 1 + random.nextInt(random.nextInt(5) == 0 ? 2000 : 20);
        for (int i = 0; i < count; i++) {
            long time = magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME + random.nextInt(1_000_000);
            builder.appendWithOffset(offset, time, bytes(random), bytes(random));
            offset += random.nextInt(5) == 0 ? 3 : 1;
        }
        return builder.build();
    }

    private static List<String> describeLegacy(MemoryRecords records) {
        List<String> lines = new ArrayList<>();
        for (RecordBatch batch : records.batches()) {
            batch.ensureValid();
            lines.add(String.join(" ", "message", "" + batch.lastOffset(), "" + batch.magic(), batch.compressionType().name,
                batch.timestampType() == TimestampType.LOG_APPEND_TIME ? "append" : "create", "" + batch.maxTimestamp(),
                "" + batch.sizeInBytes()));
            for (Record record : batch) {
                lines.add("record " + record.offset() + ' ' + record.timestamp() + ' ' + hex(record.key()) + ' '
                    + hex(record.value()));
            }
        }
        return lines;
    }

    /** Bytes of our control batches against Java's; the same values stand in codec_tool.cc. */
    String control() throws Exception {
        Map<String, MemoryRecords> expected = new LinkedHashMap<>();
        expected.put("commit", MemoryRecords.withEndTransactionMarker(42, TIME, 7, 4000, (short) 3,
            new EndTransactionMarker(ControlRecordType.COMMIT, 12)));
        expected.put("abort", MemoryRecords.withEndTransactionMarker(42, TIME, 7, 4000, (short) 3,
            new EndTransactionMarker(ControlRecordType.ABORT, 12)));
        expected.put("leader_change", MemoryRecords.withLeaderChangeMessage(42, TIME, 7, ByteBuffer.allocate(1000),
            new LeaderChangeMessage().setLeaderId(2).setVoters(voters(1, 2, 3)).setGrantingVoters(voters(2, 3))));
        expected.put("snapshot_header", MemoryRecords.withSnapshotHeaderRecord(42, TIME, 7, ByteBuffer.allocate(1000),
            new SnapshotHeaderRecord().setLastContainedLogTimestamp(99)));
        expected.put("snapshot_footer", MemoryRecords.withSnapshotFooterRecord(42, TIME, 7, ByteBuffer.allocate(1000),
            new SnapshotFooterRecord()));
        expected.put("kraft_version", MemoryRecords.withKRaftVersionRecord(42, TIME, 7, ByteBuffer.allocate(1000),
            new KRaftVersionRecord().setKRaftVersion((short) 1)));
        VotersRecord.Voter voter = new VotersRecord.Voter().setVoterId(1)
            .setVoterDirectoryId(new Uuid(0x0123456789abcdefL, 0xfedcba9876543210L))
            .setKRaftVersionFeature(new VotersRecord.KRaftVersionFeature().setMinSupportedVersion((short) 0)
                .setMaxSupportedVersion((short) 1));
        voter.endpoints().add(new VotersRecord.Endpoint().setName("CONTROLLER").setHost("localhost").setPort(9093));
        expected.put("kraft_voters", MemoryRecords.withVotersRecord(42, TIME, 7, ByteBuffer.allocate(1000),
            new VotersRecord().setVoters(List.of(voter))));
        List<String> lines = tool.ask("control");
        if (lines.size() != expected.size()) return lines.size() + " kinds, not " + expected.size();
        for (String line : lines) {
            String[] words = line.split(" ");
            MemoryRecords records = expected.get(words[0]);
            if (records == null) return "unknown kind " + words[0];
            byte[] bytes = new byte[records.sizeInBytes()];
            records.buffer().duplicate().get(bytes);
            if (!Tool.toHex(bytes).equals(words[1])) return words[0] + ": Java " + Tool.toHex(bytes) + ", Cauce " + words[1];
        }
        return null;
    }

    private static List<LeaderChangeMessage.Voter> voters(int... ids) {
        return Arrays.stream(ids).mapToObj(id -> new LeaderChangeMessage.Voter().setVoterId(id)).toList();
    }

    private static Compression compression(String codec) {
        String name = codec.substring(0, codec.indexOf(' '));
        String level = codec.substring(codec.indexOf(' ') + 1);
        if (level.equals("-")) return Compression.of(name).build();
        int number = Integer.parseInt(level);
        switch (name) {
            case "gzip":
                return Compression.gzip().level(number).build();
            case "lz4":
                return Compression.lz4().level(number).build();
            default:
                return Compression.zstd().level(number).build();
        }
    }

    private static MemoryRecords random(Compression compression, Random random) {
        boolean idempotent = random.nextBoolean();
        boolean append = random.nextInt(4) == 0;
        long base = random.nextInt(1_000_000);
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), RecordBatch.CURRENT_MAGIC_VALUE,
            compression, append ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME, base,
            append ? TIME : RecordBatch.NO_TIMESTAMP, idempotent ? random.nextInt(1_000_000) : RecordBatch.NO_PRODUCER_ID,
            idempotent ? (short) random.nextInt(100) : RecordBatch.NO_PRODUCER_EPOCH,
            idempotent ? random.nextInt() & Integer.MAX_VALUE : RecordBatch.NO_SEQUENCE,
            idempotent && random.nextBoolean(), random.nextInt(1000));
        int count = 1 + random.nextInt(random.nextInt(5) == 0 ? 2000 : 20);
        long offset = base;
        for (int i = 0; i < count; i++) {
            Header[] headers = new Header[random.nextInt(4)];
            for (int h = 0; h < headers.length; h++) headers[h] = new RecordHeader("ñ" + random.nextInt(10), bytes(random));
            builder.appendWithOffset(offset, TIME + random.nextInt(1_000_000) - 500_000, bytes(random), bytes(random), headers);
            offset += random.nextInt(5) == 0 ? 3 : 1;
        }
        return builder.build();
    }

    private static byte[] bytes(Random random) {
        if (random.nextInt(4) == 0) return null;
        byte[] bytes = new byte[random.nextInt(30) == 0 ? 3000 : random.nextInt(20)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** As codec_tool describes them. */
    private static List<String> describe(MemoryRecords records) {
        List<String> lines = new ArrayList<>();
        for (RecordBatch batch : records.batches()) {
            batch.ensureValid();
            lines.add(String.join(" ", "batch", "" + batch.baseOffset(), "" + batch.lastOffset(),
                "" + batch.partitionLeaderEpoch(), batch.compressionType().name,
                batch.timestampType() == TimestampType.CREATE_TIME ? "create" : "append", "" + batch.maxTimestamp(),
                "" + batch.producerId(), "" + batch.producerEpoch(), "" + batch.baseSequence(), "" + batch.lastSequence(),
                (batch.isTransactional() ? "1" : "0") + (batch.isControlBatch() ? "1" : "0"), "" + batch.countOrNull(),
                "" + batch.checksum(), "" + batch.sizeInBytes()));
            for (Record record : batch) {
                record.ensureValid();
                StringBuilder line = new StringBuilder("record ").append(record.offset()).append(' ')
                    .append(record.timestamp()).append(' ').append(hex(record.key())).append(' ').append(hex(record.value()));
                for (Header header : record.headers()) {
                    line.append(' ').append(Tool.toHex(header.key().getBytes(StandardCharsets.UTF_8))).append('=')
                        .append(header.value() == null ? "null" : Tool.toHex(header.value()));
                }
                lines.add(line.toString());
            }
        }
        return lines;
    }

    private static String hex(ByteBuffer buffer) {
        if (buffer == null) return "null";
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Tool.toHex(bytes);
    }

    private static String firstDifference(List<String> cauce, List<String> java) {
        for (int i = 0; i < Math.max(cauce.size(), java.size()); i++) {
            String ours = i < cauce.size() ? cauce.get(i) : "nothing";
            String theirs = i < java.size() ? java.get(i) : "nothing";
            if (!ours.equals(theirs)) return "Cauce says " + Tool.abbreviated(ours) + ", Java " + Tool.abbreviated(theirs);
        }
        return null;
    }
}
