/** Makes the outputs for webhooks. A URL is all it takes; without one there is nothing. */
import type { WebhookKeys } from '../../config/keys/outputs/webhook-keys.ts';
import type { Config } from '../../config/schema.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { filtered } from '../../outputs/filtered.ts';
import type { Output } from '../../outputs/output.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { httpSettings, queueSettings, receiversOf, shownUrl } from './receiver-settings.ts';

export async function openWebhooks(config: Config, log: Logger): Promise<Output[]> {
  const receivers = receiversOf<WebhookKeys>('webhook', config.outputs.webhook, ({ url }) => url !== '');
  if (receivers.length === 0) return [];
  const [
    { HttpPost },
    { HttpCourier },
    { OrderedDelivery },
    { WebhookOutput },
    { readSecret, webhookHeaders },
  ] = await Promise.all([
    import('../../outputs/ordered/http-post.ts'),
    import('../../outputs/ordered/http-courier.ts'),
    import('../../outputs/ordered/ordered-delivery.ts'),
    import('../../outputs/webhook/webhook-output.ts'),
    import('../../outputs/webhook/signature.ts'),
  ]);
  return receivers.map(({ name, keys }) => {
    const secrets = { secret: keys.secret, secretFile: keys.secret_file };
    const courier = new HttpCourier({
      post: new HttpPost(httpSettings(config, keys), systemClock),
      headers: (transaction) => webhookHeaders(transaction, readSecret(secrets)),
      takesPages: true,
    });
    const delivery = new OrderedDelivery({
      output: name,
      endpoint: shownUrl(keys.url),
      identity: `webhook ${keys.url}`,
      courier,
      queue: queueSettings(config, keys),
      log,
      clock: systemClock,
      random: Math.random,
    });
    const settings = { events: keys.events, serviceChecks: keys.service_checks };
    const output = new WebhookOutput({ name, settings, clock: systemClock, delivery });
    void delivery.start();
    return filtered(output, keys);
  });
}
