import { scriptFile, quote } from "../hosts/script";
import { progressConstants, type Progress } from "./watchdog/progress";
import type { OptSettings } from "./opt-settings";

/** Port of Alpa in the head's pod, a constant in Alpa. */
export const ALPA_PORT = 20001;
/** Port of Ray's GCS. */
export const GCS_PORT = 6379;

/** Environment variable with the watchdog's script (watchdog/watch-alpa.sh). */
const WATCHDOG_VARIABLE = "ALPA_WATCHDOG";
const renderWatchdog = scriptFile(__dirname, "watchdog/watch-alpa.sh");
const renderWithWatchdog = scriptFile(__dirname, "watchdog/with-watchdog.sh");

/** Script of the watchdog in Alpa's container, which ends when Alpa makes no progress. */
export function watchdogScript(progress: Omit<Progress, "port">): string {
    return renderWatchdog(progressConstants({ ...progress, port: ALPA_PORT })).trim();
}

/**
 * Command that starts Alpa together with its watchdog in a chart of Rampart. The container ends when Alpa makes no
 * progress.
 */
export function watchedCommand({ command, watchdog }: Pick<OptSettings, "command" | "watchdog">): string {
    if (watchdog === undefined) return command;
    return renderWithWatchdog({ COMMAND: quote(command), WATCHDOG: quote(watchdogScript(watchdog)) }).trim();
}

/**
 * Program that runs in the head's container next to Ray. It waits until every node has joined, and then starts Alpa. It ends
 * when Alpa has ended, or when a node has been down for half a minute, because Alpa does not detect a lost node and stops
 * answering. The container then restarts and loads the model again.
 * @param hasWatchdog whether the program also ends when the watchdog in ALPA_WATCHDOG has ended
 */
function watch({ hasWatchdog }: { hasWatchdog: boolean }): string {
    const start = `watchdog = subprocess.Popen(["/bin/bash", "-c", os.environ["${WATCHDOG_VARIABLE}"]])\n`;
    const end = `if watchdog.poll() is not None:\n    sys.exit("Alpa makes no progress")\n`;
    return `
import os, subprocess, sys, time
import ray

nodes = int(os.environ["ALPA_NODES"])
ray.init(address="auto", namespace="alpa_auth_watch", log_to_driver=False)

def alive():
    return sum(1 for node in ray.nodes() if node["Alive"])

while alive() < nodes:
    time.sleep(2)
alpa = subprocess.Popen(["/bin/bash", "-c", os.environ["ALPA_COMMAND"]])
${hasWatchdog ? start : ""}missed = 0
while alpa.poll() is None and missed < 6${hasWatchdog ? " and watchdog.poll() is None" : ""}:
    time.sleep(5)
    missed = missed + 1 if alive() < nodes else 0
${hasWatchdog ? end : ""}sys.exit("Alpa has ended" if alpa.poll() is not None else "a node of Ray is away")
`.trim();
}

/** Command of the head's container: starts Ray and `watch`. */
export const HEAD_SCRIPT = scriptFile(__dirname, "head.sh")({ GCS_PORT }).trim();

/** Variables of the head's container. */
export function headVariables({
    nodes,
    command,
    watchdog,
}: Pick<OptSettings, "nodes" | "command" | "watchdog">): { name: string; value: string }[] {
    return [
        { name: "ALPA_NODES", value: `${nodes.length}` },
        { name: "ALPA_COMMAND", value: command },
        ...(watchdog === undefined ? [] : [{ name: WATCHDOG_VARIABLE, value: watchdogScript(watchdog) }]),
        { name: "ALPA_WATCH", value: watch({ hasWatchdog: watchdog !== undefined }) },
    ];
}

/**
 * Probe that checks whether Alpa has loaded its model. Before that, Alpa's port is already open and answers with a specific
 * error. The probe sends a request without a prompt, which Alpa rejects without using the GPUs.
 */
export const LOADED = loaded("");

/**
 * Like {@link LOADED}, but a timeout counts as success. Alpa reports an unloaded model immediately, so a timeout means that
 * a batch is running. If a timeout failed the probe, a batch of half a minute would make the pod unready, and new callers
 * would get 503. The watchdog detects an Alpa that has stopped working.
 */
export const LOADED_OR_BUSY = loaded(`except socket.timeout:
    sys.exit(0)
`).replace("import json, sys,", "import json, socket, sys,");

function loaded(otherwise: string): string {
    return `
import json, sys, urllib.error, urllib.request
request = urllib.request.Request("http://127.0.0.1:${ALPA_PORT}/completions", b'{"model": "default"}', {"Content-Type": "application/json"})
try:
    heard = urllib.request.urlopen(request, timeout=4).read()
except urllib.error.HTTPError as error:
    heard = error.read()
${otherwise}message = str(json.loads(heard).get("message", ""))
sys.exit(1 if "is not registered" in message or "No replica of model" in message else 0)
`.trim();
}

/**
 * preStop script that waits for requests in progress. The pod gets no new requests, since a terminating pod is removed from
 * its Service.
 * @param seconds longest wait, in seconds
 */
export function afterAnswers(seconds: number, port = ALPA_PORT): string {
    return whileConnected(seconds, hex(port), ANY_PORT);
}

/**
 * preStop script that keeps a worker running until its head has ended. The operator deletes all pods of a RayCluster at the
 * same time, but a request in progress needs the GPUs of all nodes.
 * @param seconds longest wait, in seconds
 */
export function afterHead(seconds: number, port = GCS_PORT): string {
    return whileConnected(seconds, ANY_PORT, hex(port));
}

/** Regular expression that matches any port as four hexadecimal digits. */
const ANY_PORT = "[0-9A-F]{4}";
const renderWait = scriptFile(__dirname, "while-connected.sh");

/** Script that ends when no connection between these two ports is left. */
function whileConnected(seconds: number, local: string, remote: string): string {
    return renderWait({ SECONDS: seconds, LOCAL: local, REMOTE: remote }).trim();
}

function hex(port: number): string {
    return port.toString(16).toUpperCase().padStart(4, "0");
}
