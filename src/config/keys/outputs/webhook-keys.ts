/** Keys of the output `webhook` (docs/webhook.md). */
import { entries, entry } from '../../sources/entries.ts';
import { choice, section, yesOrNo } from '../key-types.ts';
import { filePath, moreReceivers, receiverKeys, secretText } from './receiver-keys.ts';

/** Those of one receiver: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  ...receiverKeys('a webhook', 'https://hooks.example.com/whippet'),
  events: yesOrNo(
    { default: true },
    {
      what: 'Sends events.',
      trade: 'Every event that passes the filter is sent.',
      when: 'you want only service checks (`false`).',
    },
  ),
  service_checks: choice(
    { default: 'changes', words: ['changes', 'all', 'none'] },
    {
      what: 'Which service checks are sent: those whose status is another one than before, all, or none.',
      trade: '`all` sends every check, usually every few seconds.',
      when: 'the receiver wants to know that a check still comes (`all`).',
    },
  ),
  secret: secretText('Secret that requests are signed with: `X-Whippet-Signature-256`.'),
  secret_file: filePath('File that contains the secret. It is read for each request.'),
};

export const webhookKeys = {
  webhook: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with url and the other keys of this section' },
      moreReceivers('filter and queue', 'you send the events of different teams to different places.'),
    ),
  }),
};

export type WebhookKeys = Omit<ReturnType<(typeof webhookKeys)['webhook']['parse']>, 'additional'>;
