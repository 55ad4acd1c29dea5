package dev.scimlet.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's first example. */
class ReadmeTest {
  private static final Path README = Path.of("../README.md");

  @Test
  void itIsShort() throws IOException {
    long lines =
        FirstExample.block(README, "java")
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.startsWith("//"))
            .count();
    assertTrue(lines <= FirstExample.MOST_LINES, "lines of code: " + lines);
  }

  @Test
  void itDoesWhatOktaExpects(@TempDir Path folder) throws Exception {
    FirstExample.extract(README, folder);
    Path classes = Files.createDirectory(folder.resolve("classes"));
    String classPath = System.getProperty("java.class.path");
    Path source = folder.resolve("src/main/java/app/App.java");
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-cp", classPath, "-d", classes.toString(), source.toString());
    assertEquals(0, status);
    Path resources = folder.resolve("src/main/resources");
    String all = classes + File.pathSeparator + resources + File.pathSeparator + classPath;
    FirstExample.drive(all, folder);
  }
}
