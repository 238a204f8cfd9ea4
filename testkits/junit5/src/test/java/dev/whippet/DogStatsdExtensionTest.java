package dev.whippet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.timgroup.statsd.NonBlockingStatsDClientBuilder;
import com.timgroup.statsd.StatsDClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DogStatsdExtension.class)
class DogStatsdExtensionTest {
  private static StatsDClient client(DogStatsdExtension.Server dsd) {
    return new NonBlockingStatsDClientBuilder().hostname(dsd.host()).port(dsd.port()).enableTelemetry(false).build();
  }

  @Test
  void receivesWhatTheClientSends(DogStatsdExtension.Server dsd) {
    try (StatsDClient client = client(dsd)) {
      client.count("checkout.paid", 3, "env:test");
      // This client adds up counts and loses what it holds when it is closed.
      assertTrue(dsd.waitFor("name=checkout.paid", "type=count", "tag=env:test", "sum=3").contains("\"sum\":3"));
    }
    assertEquals("{\"rejected\":[]}", dsd.rejected());
  }

  @Test
  void beginsEmpty(DogStatsdExtension.Server dsd) {
    assertEquals("{\"metrics\":[]}", dsd.metrics());
  }

  @Test
  void saysWhatCameInstead(DogStatsdExtension.Server dsd) {
    try (StatsDClient client = client(dsd)) {
      client.increment("checkout.piad");
      dsd.waitFor("name=checkout.piad");
    }
    AssertionError error =
        assertThrows(AssertionError.class, () -> dsd.waitFor("name=checkout.paid", "timeout=10ms"));
    assertTrue(error.getMessage().contains("received, nearest first:\n"), error.getMessage());
  }

  @Test
  void refusesASlip(DogStatsdExtension.Server dsd) {
    Exception error =
        assertThrows(IllegalArgumentException.class, () -> dsd.waitFor("name=checkout.paid", "summ=3"));
    assertTrue(error.getMessage().contains("did you mean \"sum\""), error.getMessage());
  }
}
