import { scriptFile } from "../hosts/script-file";

/** Port of Alpa in the head's pod: a constant of Alpa's. */
export const ALPA_PORT = 20001;
/** Port of Ray's GCS. */
export const GCS_PORT = 6379;

/**
 * What the head's container runs besides Ray. It waits until every node has joined, starts Alpa, and ends when Alpa has
 * ended or a node has been down for half a minute: Alpa does not notice that, and stops answering. The container then
 * ends and restarts, and the model is loaded again.
 */
const WATCH = `
import os, subprocess, sys, time
import ray

nodes = int(os.environ["ALPA_NODES"])
ray.init(address="auto", namespace="alpa_auth_watch", log_to_driver=False)

def alive():
    return sum(1 for node in ray.nodes() if node["Alive"])

while alive() < nodes:
    time.sleep(2)
alpa = subprocess.Popen(["/bin/bash", "-c", os.environ["ALPA_COMMAND"]])
missed = 0
while alpa.poll() is None and missed < 6:
    time.sleep(5)
    missed = missed + 1 if alive() < nodes else 0
sys.exit("Alpa has ended" if alpa.poll() is not None else "a node of Ray is away")
`;

/** Starts Ray and WATCH: what the head's container runs. */
export const HEAD_SCRIPT = scriptFile(__dirname, "head.sh")({ GCS_PORT }).trim();

/** Variables of the head's container. */
export function headVariables(nodes: number, command: string): { name: string; value: string }[] {
    return [
        { name: "ALPA_NODES", value: `${nodes}` },
        { name: "ALPA_COMMAND", value: command },
        { name: "ALPA_WATCH", value: WATCH.trim() },
    ];
}

/**
 * Whether Alpa answers with its model loaded. Its port is open before that, and it says so with 400; a request without a
 * prompt is refused before it costs anything.
 */
export const LOADED = `
import json, sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:${ALPA_PORT}/completions", b'{"model": "default"}', {"Content-Type": "application/json"})
try:
    heard = urllib.request.urlopen(request, timeout=4).read()
except urllib.error.HTTPError as error:
    heard = error.read()
message = str(json.loads(heard).get("message", ""))
sys.exit(1 if "is not registered" in message or "No replica of model" in message else 0)
`.trim();

/**
 * Waits for running answers before the pod stops: it gets no new requests, since a terminating pod is removed from its
 * Service.
 * @param seconds longest time, in seconds
 */
export function afterAnswers(seconds: number, port = ALPA_PORT): string {
    return whileConnected(seconds, hex(port), ANY_PORT);
}

/**
 * Keeps a worker running as long as its head: a running answer needs the GPUs of all nodes, and the operator deletes
 * all pods of a RayCluster at the same time.
 * @param seconds longest time, in seconds
 */
export function afterHead(seconds: number, port = GCS_PORT): string {
    return whileConnected(seconds, ANY_PORT, hex(port));
}

/** Any port, for one of the two sides of a connection. */
const ANY_PORT = "[0-9A-F]{4}";
const renderWait = scriptFile(__dirname, "while-connected.sh");

/** The script ends with the last connection of these two ports. */
function whileConnected(seconds: number, local: string, remote: string): string {
    return renderWait({ SECONDS: seconds, LOCAL: local, REMOTE: remote }).trim();
}

function hex(port: number): string {
    return port.toString(16).toUpperCase().padStart(4, "0");
}
