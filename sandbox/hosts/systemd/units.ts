/** The unit files of a host in the version that systemd has read, and the links that enable units. */
import * as fs from "node:fs";
import * as path from "node:path";
import { BadUnit, parseUnit, type UnitFile } from "./unit-file";

const FOLDER = "etc/systemd/system";

/** An error message of systemctl, with its exit code. */
export class Refused extends Error {
    constructor(
        message: string,
        readonly code = 1,
    ) {
        super(message);
    }
}

export class Units {
    /** Texts of unit files as systemd last read them, by file name. */
    private readonly loaded = new Map<string, string>();

    constructor(private readonly root: string) {}

    service(unit: string): UnitFile {
        try {
            return parseUnit(this.text(unit, "start", 5), unit);
        } catch (error) {
            if (!(error instanceof BadUnit)) throw error;
            throw new Refused(`Failed to start ${unit}: Unit ${unit} has a bad unit file setting: ${error.message}.`);
        }
    }

    /** Performs a daemon-reload: the next use of a unit reads its file again. */
    forget(): void {
        this.loaded.clear();
    }

    /** Name of the file of a unit, or of its template (`name@.service`); undefined if neither exists. */
    fileName(unit: string): string | undefined {
        return [unit, unit.replace(/@.*\.service$/, "@.service")].find((name) =>
            fs.existsSync(path.join(this.root, FOLDER, name)),
        );
    }

    text(unit: string, doing: string, code: number): string {
        const name = this.fileName(unit);
        if (!name) throw new Refused(`Failed to ${doing} ${unit}: Unit ${unit} not found.`, code);
        const text = this.loaded.get(name) ?? fs.readFileSync(path.join(this.root, FOLDER, name), "utf8");
        this.loaded.set(name, text); // later changes of the file have no effect until a daemon-reload
        return text;
    }

    enable(unit: string, targets: string[]): void {
        for (const target of targets) {
            const folder = path.join(this.root, FOLDER, `${target}.wants`);
            fs.mkdirSync(folder, { recursive: true });
            fs.rmSync(path.join(folder, unit), { force: true });
            fs.symlinkSync(`/${FOLDER}/${this.fileName(unit)}`, path.join(folder, unit));
        }
    }

    disable(unit: string): void {
        for (const link of this.links(unit)) fs.rmSync(link);
    }

    isEnabled(unit: string): boolean {
        return this.links(unit).length > 0;
    }

    private links(unit: string): string[] {
        const folder = path.join(this.root, FOLDER);
        const wants = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith(".wants")) : [];
        const found = wants.map((name) => path.join(folder, name, unit));
        return found.filter((file) => fs.lstatSync(file, { throwIfNoEntry: false }));
    }
}

export function fullName(unit: string): string {
    const name = /\.\w+$/.test(unit) ? unit : `${unit}.service`;
    if (!name.endsWith(".service")) throw new Refused(`unsupported by the sandbox: ${unit} (supported: services)`);
    return name;
}
