package dev.scimlet;

import dev.scimlet.module.Module;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The memory of an instance after {@code provider.prepare}, which reads what is built in. The build
 * makes it, so that no process has to.
 */
final class Image {
  private static final String RESOURCE = "Module.image";

  private Image() {}

  /** What the build made. */
  static byte[] read() {
    try (InputStream image = Module.class.getResourceAsStream(RESOURCE)) {
      if (image == null) {
        throw new IllegalStateException("the package was built without " + RESOURCE);
      }
      return image.readAllBytes();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** A new one. */
  static byte[] made() {
    ModuleInstance instance = new ModuleInstance(Code.unprepared(), Limits.DEFAULT);
    instance.call(Json.bytes("{\"call\":\"provider.prepare\"}"), Code::unanswered);
    return instance.content();
  }

  /**
   * Makes it, at build time.
   *
   * @param arguments the folder of the class files
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0], Module.class.getPackageName().replace('.', '/'));
    Files.write(folder.resolve(RESOURCE), made());
  }
}
