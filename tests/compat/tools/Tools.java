import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Scanner;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs the main methods of Kafka's tools one after another in one Java machine. A line of standard input is a call: class,
 * standard input and words, each in Base64, with blanks between them. A line of standard output answers: exit code, standard
 * output, standard error.
 */
public class Tools {
    static final class Exited extends RuntimeException {
        Exited() {
            super(null, null, false, false);
        }
    }

    // Of the call that runs. What a tool writes after it asked to exit does not count: it would not have come to that.
    static Integer code;
    static ByteArrayOutputStream out;
    static ByteArrayOutputStream err;
    static String outText;
    static String errText;
    static final List<Runnable> hooks = new ArrayList<>();

    static void end(int with) {
        if (code != null) return;
        for (Runnable hook : hooks) hook.run();
        code = with;
        System.out.flush();
        System.err.flush();
        outText = out.toString(StandardCharsets.UTF_8);
        errText = err.toString(StandardCharsets.UTF_8);
    }

    static void call(String tool, byte[] in, String[] words) throws Exception {
        code = null;
        hooks.clear();
        out = new ByteArrayOutputStream();
        err = new ByteArrayOutputStream();
        System.setIn(new ByteArrayInputStream(in));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
        try {
            Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) words);
            // Hooks that end what has ended would wait for ever.
            hooks.clear();
            end(0);
        } catch (InvocationTargetException e) {
            if (!(e.getCause() instanceof Exited)) System.err.println(e.getCause().getMessage());
            end(1);
        }
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        Exit.setExitProcedure((status, message) -> {
            end(status);
            throw new Exited();
        });
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        Base64.Decoder decoder = Base64.getDecoder();
        Base64.Encoder encoder = Base64.getEncoder();
        Scanner lines = new Scanner(System.in, StandardCharsets.UTF_8);
        while (lines.hasNextLine()) {
            String[] fields = lines.nextLine().split(" ", -1);
            String[] words = new String[fields.length - 2];
            for (int i = 0; i < words.length; i++)
                words[i] = new String(decoder.decode(fields[i + 2]), StandardCharsets.UTF_8);
            call(new String(decoder.decode(fields[0]), StandardCharsets.UTF_8), decoder.decode(fields[1]), words);
            answers.println(code + " " + encoder.encodeToString(outText.getBytes(StandardCharsets.UTF_8)) + " "
                    + encoder.encodeToString(errText.getBytes(StandardCharsets.UTF_8)));
            answers.flush();
        }
        // Threads of clients that were left open must not hold the machine.
        Runtime.getRuntime().halt(0);
    }
}
