/** Tags of Docker containers on the data of clients that name their container, from the socket to the output. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FakeDocker } from '../support/fakes/fake-docker.ts';
import { withServer } from '../support/processes/server-process.ts';

const INSPECT = JSON.parse(
  readFileSync(new URL('../fixtures/docker/docker-inspect.json', import.meta.url), 'utf8'),
);
const START = { Type: 'container', Action: 'start', Actor: { ID: INSPECT.Id, Attributes: {} } };
const LOW = [
  'docker_image:whippet/test:1.2',
  'env:labelenv',
  'env:prod',
  'git.commit.sha:abc123',
  `image_id:${INSPECT.Image}`,
  'image_name:whippet/test',
  'image_tag:1.2',
  'kube_app:shop',
  'service:web',
  'short_image:test',
  'version:1.2',
];

it('a line that was cached before its container was known has the tags of the container from then on', async () => {
  const docker = new FakeDocker();
  await docker.listen();
  try {
    const set = { dogstatsd_origin_detection_client: true, docker_labels_as_tags: '{"app": "kube_app"}' };
    const env = { DOCKER_HOST: `unix://${docker.socketPath}` };
    await withServer({ unix: true, set, env }, async (server) => {
      const lines = ['late:1|c', 'high:1|c|card:high', 'none:1|c|card:none', 'inode:1|c'].map(
        (line) => `${line}|c:ci-${INSPECT.Id}`,
      );
      const tagsOf = (metric: string) => server.series(metric).map(({ tags }) => [...tags].sort());
      // The series without tags goes on for a while, with zeros.
      const tagged = (metric: string) => tagsOf(metric).filter((tags) => tags.length > 0);
      server.send('unix', lines);
      await server.until(() => tagsOf('late').length > 0, 'the metric without tags');
      expect(tagsOf('late').flat()).toEqual([]);
      await docker.listened();
      docker.run(INSPECT);
      docker.event(START);
      await server.until(() => {
        server.send('unix', lines);
        return tagged('high').length > 0;
      }, 'the metric with tags');
      await server.until(() => tagged('late').length > 0, 'the other one');
      expect(tagged('late')[0]).toEqual(LOW);
      expect(tagged('high')[0]).toEqual(
        [...LOW, `container_id:${INSPECT.Id}`, 'container_name:web-1', 'team:a', 'x:y'].sort(),
      );
      expect(tagsOf('none').flat()).toEqual([]);
      expect(server.log.filter(({ msg }) => msg === 'reading container tags from Docker')).toHaveLength(1);
      expect(await server.stop()).toBe(0);
    });
  } finally {
    await docker.close();
  }
});
