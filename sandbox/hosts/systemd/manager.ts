/**
 * Emulator of systemd 252 on one sandbox host, with the features that the project's services need. Facts: its manual pages
 * (systemctl(1), systemd.service(5), systemd.exec(5), systemd.unit(5)).
 *
 * Emulated: `systemctl`: daemon-reload, start, stop, restart, reload, enable and disable (with --now), is-active,
 * is-enabled, is-failed, status, cat, reset-failed, --version. `journalctl`: -u, -n, with --no-pager.
 * `systemd-notify --ready`. Units are those of /etc/systemd/system.
 * Unsupported: any other verb, option, unit type, directive or specifier. The error names what is unsupported, even where
 * systemd only warns.
 *
 * Known differences: a service notifies with `systemd-notify --ready`; the socket in NOTIFY_SOCKET exists only on hosts with
 * `notifySockets`. Directives for hardening have no effect, After= has no effect on the order, and nothing starts at boot,
 * because a host does not boot.
 */
import type { Enter } from "../namespace";
import type { Reply } from "../reply";
import { JobFailed, NOTIFY_FOLDER, Service } from "./service";
import { journalctl, lastLines } from "./journal";
import { parseUnit } from "./unit-file";
import { fullName, Refused, Units } from "./units";

/** Default version of systemd on a host. */
const SYSTEMD_VERSION = 252;

export class Manager {
    private readonly services = new Map<string, Service>();
    private readonly units: Units;

    constructor(
        private readonly root: string,
        private readonly enter: Enter,
        private readonly options: { systemdVersion?: number; notifySockets?: boolean } = {},
    ) {
        this.units = new Units(root);
    }

    /** Ends all services. */
    async close(): Promise<void> {
        await Promise.all([...this.services.values()].map((service) => service.stop()));
    }

    /** Process ids of the running services. */
    pids(): number[] {
        return [...this.services.values()].flatMap(({ process: child }) => (child?.pid ? [child.pid] : []));
    }

    pidOf(unit: string): number | undefined {
        return this.services.get(fullName(unit))?.process?.pid;
    }

    /** Runs systemctl, journalctl or systemd-notify. @param socket value of NOTIFY_SOCKET of the caller */
    async run(program: string, args: string[], privileged: boolean, socket: string): Promise<Reply> {
        try {
            if (program === "systemd-notify") return this.notify(args, socket);
            if (program === "journalctl") return journalctl(this.root, args);
            return await this.systemctl(args, privileged);
        } catch (error) {
            if (error instanceof Refused) return { code: error.code, out: "", err: `${error.message}\n` };
            if (error instanceof JobFailed) return { code: 1, out: "", err: `${error.message}\n` };
            throw error;
        }
    }

    private notify(args: string[], socket: string): Reply {
        const unit = socket.slice(NOTIFY_FOLDER.length);
        if (args.filter((arg) => !/^--pid=\d+$/.test(arg)).join(" ") !== "--ready")
            throw new Refused(`unsupported by the sandbox: systemd-notify ${args.join(" ")}`);
        this.services.get(unit)?.notified();
        return { code: 0, out: "", err: "" };
    }

    private async systemctl(args: string[], privileged: boolean): Promise<Reply> {
        if (args[0] === "--version")
            return { code: 0, out: `systemd ${this.options.systemdVersion ?? SYSTEMD_VERSION} (sandbox)\n`, err: "" };
        const options = args.filter((arg) => arg.startsWith("-") && arg !== "-");
        const [verb, ...names] = args.filter((arg) => !arg.startsWith("-"));
        const units = names.map(fullName);
        const odd = options.find((option) => !["--now", "--no-pager", "--quiet"].includes(option));
        if (odd) throw new Refused(`unsupported by the sandbox: systemctl with option ${odd}`);
        const changes = ["daemon-reload", "start", "stop", "restart", "reload", "enable", "disable", "reset-failed"];
        if (changes.includes(verb) && !privileged)
            throw new Refused(`Failed to ${verb} ${names.join(" ")}: Interactive authentication required.`);
        const now = options.includes("--now");
        const quiet = options.includes("--quiet");
        if (verb === "daemon-reload") return this.reload();
        if (units.length === 0) throw new Refused(`systemctl ${verb ?? ""}: the name of a unit is missing`);
        let err = "";
        let out = "";
        let code = 0;
        for (const unit of units) {
            const reply = await this.one(verb, unit, { now, quiet });
            out += reply.out;
            err += reply.err;
            code ||= reply.code;
        }
        return { code, out, err };
    }

    private async one(verb: string, unit: string, { now, quiet }: { now: boolean; quiet: boolean }): Promise<Reply> {
        const done = (out = "", code = 0): Reply => ({ code, out: quiet ? "" : out, err: "" });
        switch (verb) {
            case "start":
                await this.service(unit).start();
                return done();
            case "stop":
                this.units.text(unit, "stop", 5);
                await this.services.get(unit)?.stop();
                return done();
            case "restart": {
                const service = this.service(unit);
                await service.stop();
                service.unit = this.units.service(unit);
                await service.start();
                return done();
            }
            case "reload":
                await this.service(unit).reload();
                return done();
            case "enable":
                this.units.enable(unit, this.units.service(unit).wantedBy);
                if (now) await this.service(unit).start();
                return done();
            case "disable":
                this.units.disable(unit);
                if (now) await this.services.get(unit)?.stop();
                return done();
            case "reset-failed":
                this.services.get(unit)?.resetFailed();
                return done();
            case "is-active":
                return done(`${this.stateOf(unit)}\n`, this.stateOf(unit) === "active" ? 0 : 3);
            case "is-failed":
                return done(`${this.stateOf(unit)}\n`, this.stateOf(unit) === "failed" ? 0 : 1);
            case "is-enabled": {
                if (this.units.isEnabled(unit)) return done("enabled\n");
                this.units.text(unit, "get unit file state for", 1);
                return done("disabled\n", 1);
            }
            case "cat":
                return done(this.units.text(unit, "cat", 1));
            case "status":
                return this.status(unit);
            default:
                throw new Refused(`unsupported by the sandbox: systemctl ${verb ?? ""}`);
        }
    }

    private stateOf(unit: string) {
        return this.services.get(unit)?.state ?? "inactive";
    }

    private status(unit: string): Reply {
        const text = this.units.text(unit, "find", 4);
        const state = this.stateOf(unit);
        const description = this.services.get(unit)?.unit.description ?? parseUnit(text, unit).description;
        const pid = this.services.get(unit)?.process?.pid;
        const head = `* ${unit} - ${description}\n   Active: ${state}\n${pid ? ` Main PID: ${pid}\n` : ""}\n`;
        return { code: state === "active" ? 0 : 3, out: head + lastLines(this.root, unit, 10), err: "" };
    }

    private reload(): Reply {
        this.units.forget();
        for (const [name, service] of this.services) {
            if (this.units.fileName(name)) service.unit = this.units.service(name);
            else if (service.state === "inactive") this.services.delete(name);
        }
        return { code: 0, out: "", err: "" };
    }

    /** Returns the service of a unit. At the first use it is created from the unit file. */
    private service(unit: string): Service {
        const known = this.services.get(unit);
        if (known) return known;
        const made = new Service(unit, this.units.service(unit), this.root, this.enter, this.options.notifySockets);
        this.services.set(unit, made);
        return made;
    }
}
