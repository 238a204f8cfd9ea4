/** Keys of `global`: metrics aggregated over a fleet (docs/global.md). All of them are read at start. */
import { z } from 'zod';
import { GLOBAL_ROLES } from '../../model/global-role.ts';
import { choice, integer, list, seconds, section, text, yesOrNo } from './key-types.ts';

const MIB = 1024 * 1024;
const hide = (value: unknown): unknown => (value === '' ? '' : '********');

export const globalKeys = {
  global: section({
    role: choice(
      { default: 'none', words: GLOBAL_ROLES },
      {
        what: 'What this server does for metrics that are aggregated over a fleet: `edge` sends its data to Kafka, `global` merges what all edges sent and passes it to its outputs, `both` does both. `none` turns the feature off at no cost.',
        trade:
          'You get percentiles, distinct counts and sums over all hosts. It needs Kafka, and results are delayed by `global.grace_seconds`.',
        when: 'you need one result for a fleet and have no backend that merges (docs/global.md lists them).',
      },
    ),
    topic: text(
      {
        default: 'whippet',
        pattern: /^[A-Za-z0-9._-]{1,200}$/,
        patternText: 'of letters, digits, dots, underscores and hyphens',
      },
      {
        what: 'Prefix of the Kafka topic names: `<topic>.partials` and `<topic>.merged`.',
        trade: 'Fleets with different prefixes are independent of each other.',
        when: 'several fleets share one Kafka cluster, or you change the number of partitions.',
      },
    ),
    partitions: integer(
      { default: 16, min: 1, max: 4096 },
      {
        what: 'Number of partitions of each topic. Each is merged by one server of role `global`. The number never changes for topics in use; `global.former` moves a fleet to others.',
        trade:
          'More partitions can be shared by more servers. Chunks become smaller, and small chunks are the largest cost.',
        when: 'you have more than a few hundred hosts; `whippet global simulate` computes the number.',
      },
    ),
    levels: integer(
      { default: 1, min: 1, max: 2 },
      {
        what: 'Number of aggregation levels. With `2`, each edge sends one full chunk to a first level, partitioned by edge, which merges the chunks for a second level, partitioned by context. All servers of a fleet need the same value.',
        trade: 'Two levels send a hundredth of the chunks; results are delayed by a second grace period.',
        when: 'you have more than about 1,000 hosts.',
      },
    ),
    group: text(
      { default: 'whippet', pattern: /^\S{1,200}$/, patternText: 'without spaces' },
      {
        what: 'Prefix of the consumer groups in which servers of role `global` share the partitions: `<group>.<topic>`, one for each topic.',
        trade: 'Servers of one group share the work; two groups would each deliver everything.',
        when: 'you have a naming convention for groups.',
      },
    ),
    grace_seconds: seconds(
      { default: 5, min: 0, max: 3600 },
      {
        what: 'How long after its end a bucket is closed. Data that arrives later is late.',
        trade: 'A longer time waits for slow edges, but delays every result.',
        when: 'you see late chunks in `/api/global`.',
      },
    ),
    late: choice(
      { default: 'next', words: ['next', 'drop', 'resend'] },
      {
        what: 'What happens to partials whose bucket is closed: `next` adds them to the next open bucket, `drop` counts and drops them, `resend` sends counters and distributions as a difference with the old timestamp. All owners need the same value.',
        trade:
          '`next` keeps sums over time correct. `resend` puts them in the right place, but only in outputs that add points of equal time.',
        when: 'your output adds points of equal time (`resend`).',
      },
    ),
    skew: choice(
      { default: 'keep', words: ['keep', 'shift'] },
      {
        what: 'What happens to buckets of an edge whose clock is off by more than a bucket. `shift` moves them by that difference. All owners need the same value.',
        trade:
          '`shift` puts data where it belongs, but a broker with a wrong clock moves the data of all edges.',
        when: 'some hosts have no synchronized clock (`shift`).',
      },
    ),
    early_close: yesOrNo(
      { default: true },
      {
        what: 'Closes a bucket of the second level as soon as every partition of the first has sent all of its data.',
        trade: 'Results arrive seconds earlier; this needs two levels.',
      },
    ),
    contexts: integer(
      { default: 1_000_000, min: 16, max: 16_777_216, unit: 'contexts' },
      {
        what: 'Number of contexts that one bucket of one partition may have. Further ones are refused and counted by name. All owners need the same value.',
        trade: 'It limits the memory of an owner: about 250 bytes per context, in two buckets.',
        when: 'a partition has more contexts than this. More partitions are usually the better remedy.',
      },
    ),
    open_bytes: integer(
      { default: 64 * MIB, min: MIB, max: 16_384 * MIB, unit: 'bytes' },
      {
        what: 'Amount of results of one partition that may be unacknowledged by its outputs before the server stops reading more.',
        trade:
          'A larger amount bridges longer outages of an output in memory; beyond it, data waits in Kafka.',
        when: 'memory is short.',
      },
    ),
    sketch_delivery: choice(
      { default: 'at_least_once', words: ['at_least_once', 'at_most_once'] },
      {
        what: 'Whether sketches that may already have been sent before a crash are sent again.',
        trade:
          'Datadog adds up sketches that arrive twice. With `at_most_once`, a crash may lose those of one bucket instead.',
        when: 'you deliver distributions to Datadog and prefer a gap to a spike.',
      },
    ),
    chunk_bytes: integer(
      { default: 256 * 1024, min: 1024, max: 768 * 1024, unit: 'bytes' },
      {
        what: 'Size above which an edge splits a chunk.',
        trade:
          'Larger chunks are cheaper to transport; by default, Kafka refuses records larger than a mebibyte.',
        when: 'your brokers have a smaller `message.max.bytes`.',
      },
    ),
    hash_key: text(
      { default: '' },
      {
        what: 'Secret that keys the hashes of contexts and of set elements. All servers of a fleet need the same value.',
        trade: 'Without it, a client could search for two contexts or elements whose hashes collide.',
        when: 'you receive from clients that you do not trust.',
        conceal: hide,
      },
    ),
    storage_path: text(
      { default: '' },
      {
        what: 'Folder in which an edge keeps its id, and chunks that do not fit in memory. Empty means memory only, and a new id at each start.',
        trade: 'Data survives outages of Kafka and restarts; it needs a disk.',
        when: 'you run edges; `/var/lib/whippet/global` is a good choice.',
      },
    ),
    storage_bytes: integer(
      { default: 512 * MIB, min: 0, max: 1024 * 1024 * MIB, unit: 'bytes' },
      {
        what: 'Disk space for waiting chunks, with `global.storage_path`. Beyond it, the oldest are dropped and counted.',
        trade: 'More space bridges longer outages.',
        when: 'your disk is small, or you want to bridge days.',
      },
    ),
    retry_bytes: integer(
      { default: 16 * MIB, min: MIB, max: 16_384 * MIB, unit: 'bytes' },
      {
        what: 'Memory for waiting chunks. Beyond it, they go to disk, or the oldest are dropped and counted.',
        trade: 'More memory bridges longer outages without a disk.',
        when: 'you have no disk.',
      },
    ),
    former: section({
      topic: text(
        {
          default: '',
          pattern: /^[A-Za-z0-9._-]{0,200}$/,
          patternText: 'of letters, digits, dots, underscores and hyphens',
        },
        {
          what: 'Value of `global.topic` that the fleet had before, when it moves to another topic or another number of partitions. Servers of role `global` finish it: its buckets that start before `global.former.until` go to the outputs, and what edges still send for later buckets is sent on to `global.topic`.',
          trade:
            'Edges can be restarted one after the other. What is sent on arrives a grace period later, so it counts as late.',
          when: 'you change `global.partitions`, which needs another `global.topic`.',
        },
      ),
      partitions: integer(
        { default: 16, min: 1, max: 4096 },
        {
          what: 'Number of partitions of the former topic.',
          trade: 'It must be what it was: a topic with another number is refused.',
          when: 'you set `global.former.topic`.',
        },
      ),
      until: text(
        {
          default: '',
          pattern: /^$|^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/,
          patternText: 'in UTC such as 2026-12-01T12:00Z',
        },
        {
          what: 'When the first bucket of the new topic starts. All owners need the same value, and should be restarted with it before that time.',
          trade: 'Every context has one value in each bucket, before and after this time.',
          when: 'you set `global.former.topic`: a time shortly after all owners have been restarted.',
        },
      ),
    }),
    kafka: section({
      brokers: list(
        {
          default: [],
          item: z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):\d{1,5}$/),
          itemText: 'addresses such as kafka-1:9092',
        },
        {
          what: 'Brokers to contact first. They name the others.',
          trade: 'With two or three of them, the server can start while one is down.',
          when: 'you set `global.role`.',
        },
      ),
      create_topics: yesOrNo(
        { default: true },
        {
          what: 'Creates the topics when they are missing.',
          trade: 'No preparation is needed, but a wrong prefix creates topics instead of failing.',
          when: 'you create topics by other means (`false`).',
        },
      ),
      replication_factor: integer(
        { default: 3, min: 1, max: 15 },
        {
          what: 'Replication factor of the topics it creates.',
          trade: 'Three replicas survive the loss of a broker; one is for a single broker.',
          when: 'you have fewer than three brokers.',
        },
      ),
      min_insync_replicas: integer(
        { default: 2, min: 1, max: 15 },
        {
          what: 'Number of replicas that must have a record before it is acknowledged, for the topics it creates.',
          trade: 'Two of three lose nothing when a broker fails; a higher number refuses writes sooner.',
          when: 'you have fewer than three brokers (`1`).',
        },
      ),
      retention_hours: integer(
        { default: 24, min: 1, max: 8760, unit: 'hours' },
        {
          what: 'How long the topics it creates keep records.',
          trade: 'A longer time bridges longer outages of the owners, and takes disk space on the brokers.',
          when: 'the brokers have little disk space. Keep it at least ten times the longest outage of the owners.',
        },
      ),
      compression: choice(
        { default: 'none', words: ['none', 'gzip'] },
        {
          what: 'Compression of the data sent to Kafka.',
          trade: '`gzip` sends about a third less, and costs more processor time than merging.',
          when: 'you pay for traffic between zones (`gzip`).',
        },
      ),
      tls: yesOrNo(
        { default: false },
        {
          what: 'Whether connections to Kafka are encrypted.',
          trade: 'Most managed services require it.',
          when: 'the connection crosses a network that you do not control.',
        },
      ),
      tls_ca_file: text(
        { default: '' },
        {
          what: 'PEM file with the certificates of trusted authorities. Empty means those that Node trusts.',
          trade: 'An authority of your own needs it.',
          when: 'your brokers use certificates from your own authority.',
        },
      ),
      tls_cert_file: text(
        { default: '' },
        {
          what: "PEM file with this client's certificate, for brokers that ask for one.",
          trade: 'It needs `global.kafka.tls_key_file`.',
          when: 'your brokers use mutual TLS.',
        },
      ),
      tls_key_file: text(
        { default: '' },
        {
          what: "PEM file with the private key of the client's certificate.",
          trade: 'It needs `global.kafka.tls_cert_file`.',
          when: 'your brokers use mutual TLS.',
        },
      ),
      sasl_mechanism: choice(
        { default: 'none', words: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'] },
        {
          what: 'How the server logs in to the brokers.',
          trade: '`plain` sends the password in clear text, so use it only with TLS.',
          when: 'your brokers require a login.',
        },
      ),
      sasl_username: text(
        { default: '' },
        {
          what: 'User name for the login.',
          trade: 'It needs `global.kafka.sasl_mechanism`.',
          when: 'your brokers require a login.',
        },
      ),
      sasl_password: text(
        { default: '' },
        {
          what: 'Password of the user. The environment variable keeps it out of the file.',
          trade: 'It needs `global.kafka.sasl_mechanism`.',
          when: 'your brokers require a login.',
          conceal: hide,
        },
      ),
    }),
  }),
};
