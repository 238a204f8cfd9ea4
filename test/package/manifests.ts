/**
 * What every manifest of a pod has to be like: no root, nothing that is named and not there, and no rights but that to read
 * pods where their tags are wanted.
 */

interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly { readonly name?: string }[];
  readonly volumeMounts?: readonly { readonly name: string }[];
  readonly securityContext?: SecurityContext;
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}
interface Probe {
  readonly httpGet: { readonly port: string | number };
}
interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly seccompProfile?: { readonly type: string };
}
interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly securityContext?: SecurityContext;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string }[];
}
interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly automountServiceAccountToken?: boolean;
  readonly rules?: readonly Rule[];
  readonly spec?: { readonly template?: { readonly spec: Pod } };
}

/** All that anybody needs: pods from the API server, or from the kubelet by one of its two rights. */
const RIGHTS = ['pods list,watch', 'nodes/pods get', 'nodes/proxy get'];

/** What is wrong, in words; nothing when all is well. */
export function checkPods(manifests: readonly Manifest[]): string[] {
  const roles = manifests.filter(({ kind }) => /Role$/.test(kind));
  const rights = roles.flatMap(({ kind, rules = [] }) =>
    rules
      .map(({ resources, verbs }) => `${resources} ${verbs}`)
      .filter((right) => !RIGHTS.includes(right))
      .map((right) => `${kind} gives a right that nobody needs: ${right}`),
  );
  const tokens = manifests
    .filter(
      ({ kind, automountServiceAccountToken }) =>
        kind === 'ServiceAccount' && automountServiceAccountToken !== false,
    )
    .map(({ metadata }) => `account ${metadata.name} gives its pods a token`);
  return [
    ...rights,
    ...tokens,
    ...manifests.flatMap(({ spec }) =>
      spec?.template === undefined ? [] : checkPod(spec.template.spec, roles.length > 0),
    ),
  ];
}

/** `hasRights` tells whether there is something to show a token for. */
function checkPod(pod: Pod, hasRights: boolean): string[] {
  const volumes = new Set(pod.volumes?.map(({ name }) => name));
  const of = (is: boolean, complaint: string): string[] => (is ? [] : [complaint]);
  return [
    ...of(pod.automountServiceAccountToken === hasRights, 'the pod gets a token, or none where it needs it'),
    ...of(pod.hostNetwork !== true, "the pod has the node's network"),
    ...of(pod.securityContext?.runAsNonRoot === true, 'the pod may run as root'),
    ...of(pod.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'the pod has all system calls'),
    ...[...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) =>
      checkContainer(container, volumes),
    ),
  ];
}

function checkContainer(container: Container, volumes: ReadonlySet<string>): string[] {
  const { name, securityContext: security, resources } = container;
  const of = (is: boolean, complaint: string): string[] => (is ? [] : [`${name}: ${complaint}`]);
  const ports = container.ports?.map((port) => port.name) ?? [];
  const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe].filter(
    (probe) => probe !== undefined,
  );
  return [
    ...of(security?.allowPrivilegeEscalation === false, 'may gain privileges'),
    ...of(security?.privileged !== true, 'is privileged'),
    ...of(security?.readOnlyRootFilesystem === true, 'may write its root'),
    ...of(security?.capabilities?.drop?.join() === 'ALL', 'has capabilities'),
    // The one container that gives folders of the node to the server, and ends.
    ...of(
      (security?.capabilities?.add ?? []).every((one) => name === 'folders' && one === 'CHOWN'),
      'has capabilities',
    ),
    ...of(security?.runAsUser === undefined || name === 'folders', 'chooses a user'),
    ...of(resources?.requests !== undefined && resources.limits !== undefined, 'has no limits'),
    ...(container.volumeMounts ?? []).flatMap((mount) =>
      of(volumes.has(mount.name), `mounts ${mount.name}, which is not there`),
    ),
    ...probes.flatMap(({ httpGet: { port } }) =>
      of(typeof port === 'number' || ports.includes(port), `probes ${port}, which is not there`),
    ),
  ];
}
