/** Keys for the tags of containers (docs/origin.md): those of the Agent, and our own. They are read at start. */
import { integer, section, text, yesNoOr, yesOrNo } from './key-types.ts';
import { textMap } from './text-map.ts';

const MAP = 'a map of names to names of tags, as YAML or JSON';
const TRADE = 'Each tag distinguishes more, and makes more contexts where its values differ.';

export const originAgentKeys = {
  dogstatsd_origin_detection: yesOrNo(
    { default: false },
    {
      what: 'Finds the container of the process that sends to a Unix socket, by what the kernel says of it (docs/origin.md, From a process to a container). It needs Linux, the pid namespace of the host, and somebody who knows the tags of containers, such as Docker.',
      trade:
        'Metrics get the tags of the container they come from, without any help of the client. Each container has its own contexts. Receiving costs a little more.',
      when: 'you run clients in containers that share the directory of the socket.',
    },
  ),
  docker_labels_as_tags: textMap(MAP, {
    what: 'Labels of Docker containers that become tags, as `{com.shop.team: team}` (docs/origin.md, Tags of your own). It wins over `container_labels_as_tags` for the same label.',
    trade: TRADE,
    when: 'your containers have labels that you want to select by.',
  }),
  container_labels_as_tags: textMap(MAP, {
    what: 'Labels of containers of any runtime that become tags.',
    trade: TRADE,
    when: 'your containers have labels that you want to select by.',
  }),
  docker_env_as_tags: textMap(MAP, {
    what: 'Environment variables of Docker containers that become tags. It wins over `container_env_as_tags` for the same variable.',
    trade: `${TRADE} Do not name variables that hold secrets.`,
    when: 'your containers are described by variables.',
  }),
  container_env_as_tags: textMap(MAP, {
    what: 'Environment variables of containers of any runtime that become tags.',
    trade: `${TRADE} Do not name variables that hold secrets.`,
    when: 'your containers are described by variables.',
  }),
  kubernetes_pod_labels_as_tags: textMap(MAP, {
    what: 'Labels of pods that become tags of the pod and its containers, as `{app: kube_app}`.',
    trade: TRADE,
    when: 'your pods have labels that you want to select by.',
  }),
  kubernetes_pod_annotations_as_tags: textMap(MAP, {
    what: 'Annotations of pods that become tags of the pod and its containers.',
    trade: TRADE,
    when: 'your pods have annotations that you want to select by.',
  }),
  kubernetes_kubelet_host: text(
    { default: '' },
    {
      what: 'Address of the kubelet of this node (docs/origin.md, Kubernetes): `status.hostIP` of the pod. Empty means that the kubelet is not asked.',
      trade:
        'Metrics get the tags of the pod they come from. The server needs the right to read pods from the kubelet.',
      when: 'you run on Kubernetes.',
    },
  ),
  kubelet_use_api_server: yesOrNo(
    { default: false },
    {
      what: 'Watches the pods of this node at the API server of Kubernetes, instead of asking the kubelet (docs/origin.md, API server). The address is that of the variables `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which every pod has.',
      trade:
        'The right to list and watch pods is smaller than that to ask kubelets. The control plane holds one connection more for each node.',
      when: 'the server may not have the right to ask the kubelet.',
    },
  ),
  kubernetes_kubelet_nodename: text(
    { default: '' },
    {
      what: 'Name of this node, whose pods are watched with `kubelet_use_api_server`: `spec.nodeName` of the pod.',
      trade: 'None.',
      when: '`kubelet_use_api_server` is set.',
    },
  ),
  kubernetes_apiserver_ca_path: text(
    { default: '' },
    {
      what: "PEM file of the authority that signed the API server's certificate. Empty means `ca.crt` beside the token.",
      trade: 'None.',
      when: 'the authority of your cluster is not mounted beside the token.',
    },
  ),
  kubernetes_apiserver_tls_verify: yesOrNo(
    { default: true },
    {
      what: "Verifies the API server's certificate.",
      trade: 'When off, anybody who answers at the address may say which tags pods have, and gets the token.',
      when: 'you try something out in a cluster of your own (`false`).',
    },
  ),
  kubernetes_https_kubelet_port: integer(
    { default: 10_250, min: 1, max: 65_535 },
    { what: "The kubelet's port.", trade: 'None.', when: 'your kubelet listens elsewhere.' },
  ),
  kubernetes_http_kubelet_port: integer(
    { default: 10_255, min: 0, max: 65_535 },
    {
      what: "The kubelet's read-only port, asked when the other refuses. `0` never asks it.",
      trade: 'It needs no rights, but is not encrypted, and closed almost everywhere.',
      when: 'your kubelet has one elsewhere, or must not be asked without encryption (`0`).',
    },
  ),
  kubelet_tls_verify: yesOrNo(
    { default: true },
    {
      what: "Verifies the kubelet's certificate.",
      trade: 'When off, anybody who answers at the address may say which tags pods have, and gets the token.',
      when: 'the certificates of your kubelets are signed by themselves (`false`).',
    },
  ),
  kubelet_client_ca: text(
    { default: '' },
    {
      what: "PEM file of the authority that signed the kubelet's certificate. Empty means `ca.crt` beside the token.",
      trade: 'None.',
      when: 'your kubelets have an authority of their own.',
    },
  ),
  kubelet_auth_token_path: text(
    { default: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
    {
      what: 'File with the token that is shown to the kubelet or the API server, read again every minute.',
      trade: 'None.',
      when: 'the token is mounted elsewhere.',
    },
  ),
  kubelet_client_crt: text(
    { default: '' },
    {
      what: 'PEM file of a certificate that is shown to the kubelet.',
      trade: 'None.',
      when: 'it asks for one.',
    },
  ),
  kubelet_client_key: text(
    { default: '' },
    { what: 'PEM file of its key.', trade: 'None.', when: '`kubelet_client_crt` is set.' },
  ),
  ecs_agent_url: text(
    { default: '', pattern: /^(https?:\/\/[^\s/]+\/?)?$/, patternText: 'such as http://10.0.0.5:51678' },
    {
      what: 'Address of the ECS agent of this instance (docs/origin.md, ECS). Empty tries `http://localhost:51678` and the same port of the default gateway, when the server is a task of ECS on EC2.',
      trade: 'None.',
      when: 'the server runs on an instance of ECS beside the tasks, or in a network that reaches the agent at another address.',
    },
  ),
  ecs_collect_resource_tags_ec2: yesOrNo(
    { default: false },
    {
      what: "Adds the tags that the server's own task and its instance have in AWS, on EC2: those of the instance to the containers of all tasks. Names and values are in lower case; those that begin with `aws:` are left out.",
      trade: `${TRADE} The role of the instance needs \`ecs:ListTagsForResource\`; the tags are asked for every five minutes.`,
      when: 'you select by tags of AWS.',
    },
  ),
  container_proc_root: text(
    { default: '' },
    {
      what: "Where the host's `/proc` is. Empty chooses `/host/proc` when that exists, and else `/proc`.",
      trade: 'None: containers are found only when it is the one of the host.',
      when: "you run in a container and mount the host's `/proc` somewhere else.",
    },
  ),
  container_cgroup_root: text(
    { default: '' },
    {
      what: "Where the host's cgroups are. Empty chooses `/host/sys/fs/cgroup` when that exists, and else `/sys/fs/cgroup`.",
      trade:
        'None: inodes that clients send (`c:in-`) are known only when these are the cgroups of the host.',
      when: "you run in a container and mount the host's cgroups somewhere else.",
    },
  ),
};

export const originOwnKeys = {
  origin: section({
    docker: yesNoOr(
      { default: 'auto', word: 'auto' },
      {
        what: 'Asks Docker Engine for the tags of containers (docs/origin.md, Docker). `auto` does so when `dogstatsd_origin_detection` or `dogstatsd_origin_detection_client` is on and the socket exists: that of `DOCKER_HOST`, or `/var/run/docker.sock`.',
        trade:
          'Metrics get the tags of the container they come from. Whoever may open the socket of Docker is root on the host.',
        when: 'you want no tags of Docker (`false`), or a warning when Docker is not there (`true`).',
      },
    ),
    ecs: yesNoOr(
      { default: 'auto', word: 'auto' },
      {
        what: 'Asks ECS for the tags of tasks (docs/origin.md, ECS). `auto` does so when the variables of a task are there (`ECS_CONTAINER_METADATA_URI_V4`, `ECS_CONTAINER_METADATA_URI`, or `AWS_EXECUTION_ENV` of ECS), or when `ecs_agent_url` is set.',
        trade:
          'Metrics get the tags of the task they come from; on Fargate all metrics do, whoever has sent them.',
        when: 'you want no tags of ECS (`false`), or the server runs on an instance and not as a task (`true`).',
      },
    ),
  }),
};
