/** Files of MicroK8s on a host. Files with arguments of a service have one `--flag=value` per line. */
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { generate } from "selfsigned";

export const SNAP = "var/snap/microk8s";
const COMMON = `${SNAP}/common`;
/** $SNAP_DATA: a link to the folder of the installed revision. */
export const DATA = `${SNAP}/current`;
export const LAUNCHER = `${COMMON}/etc/launcher`;
/** An installation looks for a launch configuration at these paths. It uses the first file that exists. */
export const LAUNCH_FILES = [
    "etc/microk8s.yaml",
    "root/snap/microk8s/common/.microk8s.yaml",
    `${COMMON}/.microk8s.yaml`,
];
export const CLUSTER_TOKENS = `${DATA}/credentials/cluster-tokens.txt`;
const AGENT_LOG = "var/log/journal/snap.microk8s.daemon-cluster-agent.service.log";

/** Arguments that MicroK8s sets by default. The list contains only arguments that the emulator or the project reads. */
const DEFAULT_ARGUMENTS: Record<string, Record<string, string>> = {
    kubelet: {
        "--kubeconfig": "${SNAP_DATA}/credentials/kubelet.config",
        "--cluster-domain": "cluster.local",
        "--fail-swap-on": "false",
        "--node-labels": "microk8s.io/cluster=true,node.kubernetes.io/microk8s-controlplane=microk8s-controlplane",
    },
    "kube-apiserver": {
        "--secure-port": "16443",
        "--service-cluster-ip-range": "10.152.183.0/24",
        "--authorization-mode": "AlwaysAllow",
        "--enable-admission-plugins": "EventRateLimit",
    },
    "kube-proxy": { "--cluster-cidr": "10.1.0.0/16" },
    "kube-controller-manager": {},
    "kube-scheduler": {},
    containerd: {},
    "k8s-dqlite": {},
    "cluster-agent": { "--bind": "0.0.0.0:25000" },
    "apiserver-proxy": {},
};

export class Files {
    constructor(private readonly root: string) {}

    at(name: string): string {
        return path.join(this.root, name);
    }
    has(name: string): boolean {
        return fs.existsSync(this.at(name));
    }
    read(name: string): string {
        return this.has(name) ? fs.readFileSync(this.at(name), "utf8") : "";
    }
    write(name: string, text: string, mode = 0o600): void {
        fs.mkdirSync(path.dirname(this.at(name)), { recursive: true });
        fs.writeFileSync(this.at(name), text, { mode });
    }
    remove(name: string): void {
        fs.rmSync(this.at(name), { recursive: true, force: true });
    }
    names(folder: string): string[] {
        return this.has(folder) ? fs.readdirSync(this.at(folder)).sort() : [];
    }
    rename(from: string, to: string): void {
        fs.renameSync(this.at(from), this.at(to));
    }
    /** Writes a line to the journal of the cluster agent. */
    log(text: string): void {
        fs.mkdirSync(path.dirname(this.at(AGENT_LOG)), { recursive: true });
        fs.appendFileSync(this.at(AGENT_LOG), `microk8s.daemon-cluster-agent[1]: ${text}\n`);
    }

    /** Creates the files of an installation. Must be called before the launch configuration is read. */
    layOut(revision: string): void {
        fs.mkdirSync(this.at(`${SNAP}/${revision}`), { recursive: true });
        this.link(DATA, revision);
        fs.mkdirSync(this.at(LAUNCHER), { recursive: true });
        fs.mkdirSync(this.at(`${DATA}/var/lock`), { recursive: true });
        this.resetArguments();
    }
    link(name: string, target: string): void {
        this.remove(name);
        fs.symlinkSync(target, this.at(name));
    }
    /** Deletes the files of an installation. An existing launch configuration stays. */
    undo(revision: string): void {
        for (const name of [`${SNAP}/${revision}`, DATA, `${COMMON}/etc`]) this.remove(name);
    }
    /** Resets the arguments of services to the defaults of MicroK8s. */
    resetArguments(names = Object.keys(DEFAULT_ARGUMENTS)): void {
        for (const name of names) this.writeArguments(name, new Map(Object.entries(DEFAULT_ARGUMENTS[name])));
    }
    arguments(service: string): Map<string, string> {
        const lines = this.read(`${DATA}/args/${service}`).split("\n").filter(Boolean);
        return new Map(lines.map((line) => [line.split("=")[0], line.split("=").slice(1).join("=")]));
    }
    /** Sets arguments of a service; null removes an argument. */
    setArguments(service: string, changes: Record<string, string | null>): void {
        const all = this.arguments(service);
        for (const [name, value] of Object.entries(changes)) {
            if (value === null) all.delete(name);
            else all.set(name, value);
        }
        this.writeArguments(service, all);
    }
    private writeArguments(service: string, all: Map<string, string>): void {
        this.write(`${DATA}/args/${service}`, [...all].map(([name, value]) => `${name}=${value}\n`).join(""));
    }

    lock(name: string, on: boolean): void {
        const file = `${DATA}/var/lock/${name}`;
        if (on) this.write(file, "");
        else this.remove(file);
    }
    locked(name: string): boolean {
        return this.has(`${DATA}/var/lock/${name}`);
    }

    /** Replaces the certificate of the cluster agent. */
    async renewCertificate(name: string): Promise<void> {
        const made = await generate([{ name: "commonName", value: name }], { keyType: "ec", curve: "P-256" });
        this.write(`${DATA}/certs/server.crt`, made.cert);
        this.write(`${DATA}/certs/server.key`, made.private);
    }
    /** SHA-256 of the cluster agent's certificate, in hex. `add-node` prints the first twelve digits. */
    fingerprint(): string {
        const { fingerprint256 } = new X509Certificate(this.read(`${DATA}/certs/server.crt`));
        return fingerprint256.replaceAll(":", "").toLowerCase();
    }
}
