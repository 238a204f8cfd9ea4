/**
 * ARNs of ECS, as far as tags need them.
 *
 *   arn:aws:ecs:eu-west-1:111122223333:task/shop/158d1c80…
 *       partition   region     account └────path, at its slashes
 */
export interface EcsArn {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly path: readonly string[];
}

/** Undefined for texts that are none, such as the bare name of a cluster. */
export function parseArn(text: string): EcsArn | undefined {
  const [, partition, region, account, path] = /^arn:([^:]+):ecs:([^:]*):([^:]*):(.+)$/.exec(text) ?? [];
  if (partition === undefined || region === undefined || account === undefined || path === undefined)
    return undefined;
  return { partition, region, account, path: path.split('/') };
}
