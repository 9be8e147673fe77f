/** snap(1) of snapd 2.63 on one host, for the commands of the project's scripts. The rest is refused by name. */
import { failed, said, unsupported, type Reply } from "../reply";

/** Called by snapd to change the installed snap. */
export interface Installer {
    /** @throws Error with the message of the snap's hook. Then snapd undoes the installation */
    install(): Promise<void>;
    remove(): Promise<void>;
}

export class Snap {
    /** Channel of the installed MicroK8s. */
    channel: string | undefined;
    /** Whether refreshes are held. */
    isHeld = false;
    private change = Promise.resolve<unknown>(undefined);

    constructor(private readonly installer: Installer) {}

    async run(args: string[], privileged: boolean): Promise<Reply> {
        const line = args.join(" ");
        if (line === "list microk8s")
            return this.channel === undefined
                ? failed("error: no matching snaps installed")
                : said(
                      `Name      Version  Rev   Tracking       Publisher    Notes\nmicrok8s  v1.34.1  8511  ${this.channel}    canonical**  classic`,
                  );
        if (!privileged) return failed("error: access denied (try with sudo)");
        if (line === "watch --last=install") {
            await this.change;
            return said();
        }
        const [, channel] = /^install microk8s --classic --channel=(\S+)$/.exec(line) ?? [];
        if (channel !== undefined) return (this.change = this.install(channel)) as Promise<Reply>;
        if (line === "refresh --hold microk8s") {
            this.isHeld = this.channel !== undefined;
            return this.isHeld ? said("held indefinitely") : failed('snap "microk8s" is not installed');
        }
        if (line === "remove --purge microk8s") {
            await this.installer.remove();
            this.channel = undefined;
            this.isHeld = false;
            return said("microk8s removed");
        }
        return unsupported(`snap ${line}`);
    }

    private async install(channel: string): Promise<Reply> {
        if (!/^1\.3[2-5]\/(stable|candidate|beta|edge)$/.test(channel))
            return failed(`error: snap "microk8s" is not available on ${channel} but other tracks exist.`);
        try {
            await this.installer.install();
        } catch (error) {
            return failed(
                `error: cannot perform the following tasks:\n- Run install hook of "microk8s" snap (run hook "install": ${(error as Error).message})`,
            );
        }
        this.channel = channel;
        return said(`microk8s (${channel}) v1.34.1 from Canonical** installed`);
    }
}
