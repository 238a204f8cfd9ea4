/** Ends with code 0 when the server of this container is ready: HEALTHCHECK of the image, exec probe of Kubernetes. */
const port = process.env.WHIPPET_HTTP_PORT ?? '8127';
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/ready`, { signal: AbortSignal.timeout(4000) });
  process.exitCode = status === 200 ? 0 : 1;
} catch {
  process.exitCode = 1;
}
