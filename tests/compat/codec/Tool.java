import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Cauce's side: codec_tool, spoken to by lines. */
final class Tool implements AutoCloseable {
    private final Process process;
    private final PrintStream commands;
    private final BufferedReader answers;

    Tool(String path) throws IOException {
        process = new ProcessBuilder(path).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        commands = new PrintStream(process.getOutputStream(), false, StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    List<String> ask(String command) throws IOException {
        commands.println(command);
        commands.flush();
        List<String> lines = new ArrayList<>();
        while (true) {
            String line = answers.readLine();
            if (line == null) throw new IOException("codec_tool ended at: " + abbreviated(command));
            if (line.equals(".")) return lines;
            lines.add(line);
        }
    }

    /** For commands that answer with one line of bytes. */
    byte[] bytes(String command) throws IOException {
        String line = ask(command).get(0);
        if (line.startsWith("error")) throw new IOException(line);
        return fromHex(line);
    }

    static String toHex(byte[] bytes) {
        return bytes.length == 0 ? "-" : HexFormat.of().formatHex(bytes);
    }

    static byte[] fromHex(String text) {
        return text.equals("-") ? new byte[0] : HexFormat.of().parseHex(text);
    }

    static String abbreviated(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "...";
    }

    @Override
    public void close() throws Exception {
        commands.close();
        process.waitFor();
    }
}
