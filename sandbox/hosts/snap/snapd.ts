/**
 * Emulator of snap(1) of snapd 2.63 on one host, for the single snap MicroK8s, with the verbs version, list, info, install,
 * refresh (with --hold, --unhold or a channel), remove, start, stop, wait. Facts: snapd's cmd/snap. Any other verb, option or
 * snap is an error that names it. Nothing is refreshed automatically.
 */
import { failed, unsupported, type Reply, said } from "../reply";
import { readOptions, type Known } from "../options";
import { type Release, releaseOf } from "./releases";
import { info, listing, NAME } from "./listing";

/** Called by snapd to change the installed snap. */
export interface Installer {
    /** @throws Error with the message of the snap's hook. Then snapd undoes the installation */
    install(release: Release): Promise<void>;
    refresh(release: Release): Promise<void>;
    remove(): Promise<void>;
    run(on: boolean): void;
    /** Why the snap store is unreachable; undefined if it is reachable. */
    storeProblem(): string | undefined;
}

const CHANNEL: Known = {
    "--channel": "value",
    ...Object.fromEntries(["stable", "candidate", "beta", "edge"].map((r) => [`--${r}`, "flag"])),
};
const VERBS: Record<string, { options: Known; root: boolean }> = {
    version: { options: {}, root: false },
    list: { options: {}, root: false },
    info: { options: {}, root: false },
    wait: { options: {}, root: false },
    install: { options: { ...CHANNEL, "--classic": "flag" }, root: true },
    refresh: { options: { ...CHANNEL, "--hold": "maybe", "--unhold": "flag", "--classic": "flag" }, root: true },
    remove: { options: { "--purge": "flag" }, root: true },
    start: { options: {}, root: true },
    stop: { options: {}, root: true },
};

export class Snapd {
    private installed: Release | undefined;
    private held = false;
    private changing: string | undefined;

    constructor(private readonly installer: Installer) {}

    /** The installed release. */
    get release(): Release | undefined {
        return this.installed;
    }
    /** Whether `snap refresh --hold` has stopped refreshes of the snap. */
    get isHeld(): boolean {
        return this.held;
    }

    async run(args: string[], privileged: boolean): Promise<Reply> {
        const [name = "", ...words] = args;
        const verb = name === "--version" ? "version" : name;
        if (!Object.hasOwn(VERBS, verb)) return unsupported(`snap ${name}`);
        const { found, rest, odd } = readOptions(words, VERBS[verb].options);
        if (odd) return unsupported(`snap ${verb} ${odd}`);
        if (VERBS[verb].root && !privileged) return failed("error: access denied (try with sudo)");
        if (verb === "version") return said("snap    2.63\nsnapd   2.63\nseries  16\nubuntu  22.04");
        if (verb === "wait")
            return rest.join(" ") === "system seed.loaded" ? said() : unsupported(`snap wait ${rest.join(" ")}`);
        if (verb === "list") return listing(rest, this.installed, this.held);
        const [snap, ...more] = rest;
        if (snap !== NAME || more.length > 0) return unsupported(`snap ${verb} ${rest.join(" ")} (supported: ${NAME})`);
        if (this.changing && VERBS[verb].root)
            return failed(`error: snap "${NAME}" has "${this.changing}-snap" change in progress`, 10);
        if (verb === "install") return this.change(verb, () => this.install(found));
        if (verb === "info") return said(info(this.installed));
        const now = this.installed;
        if (!now) {
            const missing = `snap "${NAME}" is not installed`;
            return verb === "remove" || verb === "refresh"
                ? { code: 0, out: "", err: `${missing}\n` }
                : failed(`error: ${missing}`);
        }
        if (verb === "refresh") return this.change(verb, () => this.refresh(now, found));
        if (verb === "remove") return this.change(verb, () => this.remove(found));
        this.installer.run(verb === "start");
        return said(verb === "start" ? "Started." : "Stopped.");
    }

    /** Runs a change, during which other changes are rejected. The change continues if its caller disconnects. */
    private async change(kind: string, run: () => Promise<Reply>): Promise<Reply> {
        this.changing = kind;
        return run().finally(() => {
            this.changing = undefined;
        });
    }

    private async install(options: Record<string, string>): Promise<Reply> {
        if (this.installed)
            return { code: 0, out: "", err: `snap "${NAME}" is already installed, see 'snap help refresh'\n` };
        const release = wantedRelease(options, "latest/stable");
        const problem = this.problem(release, options);
        if (problem) return problem;
        if (!options["--classic"])
            return failed(
                `error: This revision of snap "${NAME}" was published using classic confinement and thus\n` +
                    "       may perform arbitrary system changes outside of the security sandbox that snaps\n" +
                    "       are usually confined to, which may put your system at risk.\n\n" +
                    "       If you understand and want to proceed repeat the command including --classic.",
            );
        try {
            await this.installer.install(release!);
        } catch (error) {
            return failed(
                "error: cannot perform the following tasks:\n" +
                    `- Run install hook of "${NAME}" snap if present (run hook "install": ${(error as Error).message})`,
            );
        }
        this.installed = release;
        return said(`${NAME} (${release!.channel}) ${release!.version} from Canonical** installed`);
    }

    private async refresh(now: Release, options: Record<string, string>): Promise<Reply> {
        if (options["--hold"] !== undefined) {
            const time = options["--hold"];
            if (time !== "" && time !== "forever") return unsupported(`snap refresh --hold=${time}`);
            this.held = true;
            return said(`General refreshes of "${NAME}" held indefinitely`);
        }
        if (options["--unhold"]) {
            this.held = false;
            return said(`Removed general refresh hold of "${NAME}"`);
        }
        const release = wantedRelease(options, now.channel);
        const problem = this.problem(release, options);
        if (problem) return problem;
        if (release!.channel === now.channel)
            return { code: 0, out: "", err: `snap "${NAME}" has no updates available\n` };
        await this.installer.refresh(release!);
        this.installed = release;
        return said(`${NAME} (${release!.channel}) ${release!.version} from Canonical** refreshed`);
    }

    private async remove(options: Record<string, string>): Promise<Reply> {
        await this.installer.remove();
        this.installed = undefined;
        this.held = false;
        return said(
            `${options["--purge"] ? "" : `Save data of snap "${NAME}" in automatic snapshot set #1\n`}${NAME} removed`,
        );
    }

    /** The error if a release cannot be downloaded; undefined if it can. */
    private problem(release: Release | undefined, options: Record<string, string>): Reply | undefined {
        const away = this.installer.storeProblem();
        if (away) return failed(`error: cannot install "${NAME}": ${away}`);
        if (release) return undefined;
        return failed(
            `error: snap "${NAME}" is not available on ${options["--channel"]} but other tracks exist.\n\n` +
                "       Please be mindful that different tracks may include different features.\n" +
                `       Get more information with 'snap info ${NAME}'.`,
        );
    }
}

function wantedRelease(options: Record<string, string>, now: string): Release | undefined {
    const risk = ["stable", "candidate", "beta", "edge"].find((name) => options[`--${name}`]);
    const written = options["--channel"] ?? risk;
    return releaseOf(written ?? now);
}
