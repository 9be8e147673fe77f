/** Timers of a host, and their systemctl commands. */
import type { Reply } from "../reply";
import { Timer } from "./timer";
import { Refused, type Units } from "./units";

export class Timers {
    private readonly timers = new Map<string, Timer>();

    /** @param start starts a service by its name */
    constructor(
        private readonly units: Units,
        private readonly start: (service: string) => Promise<unknown>,
    ) {}

    /** Ends all timers. */
    close(): void {
        for (const timer of this.timers.values()) timer.stop();
    }

    run(verb: string, unit: string, { now, quiet }: { now: boolean; quiet: boolean }): Reply {
        const done = (out = "", code = 0): Reply => ({ code, out: quiet ? "" : out, err: "" });
        const known = this.timers.get(unit);
        switch (verb) {
            case "start":
                this.timer(unit).start();
                return done();
            case "restart":
                known?.stop();
                this.timer(unit).start();
                return done();
            case "stop":
                this.units.text(unit, "stop", 5);
                known?.stop();
                return done();
            case "enable":
                this.units.enable(unit, this.timer(unit).unit.wantedBy);
                if (now) this.timer(unit).start();
                return done();
            case "disable":
                this.units.disable(unit);
                if (now) known?.stop();
                return done();
            case "is-active": {
                const state = known?.state ?? "inactive";
                return done(`${state}\n`, state === "active" ? 0 : 3);
            }
            case "is-enabled": {
                const enabled = this.units.isEnabled(unit);
                return done(enabled ? "enabled\n" : "disabled\n", enabled ? 0 : 1);
            }
            case "cat":
                return done(this.units.text(unit, "cat", 1));
            default:
                throw new Refused(`unsupported by the sandbox: systemctl ${verb} ${unit}`);
        }
    }

    /** Returns the timer of a unit, with the settings from the last daemon-reload. */
    private timer(unit: string): Timer {
        const file = this.units.timer(unit);
        const service = unit.replace(/timer$/, "service");
        const timer = this.timers.get(unit) ?? new Timer(file, async () => this.start(service));
        this.timers.set(unit, Object.assign(timer, { unit: file }));
        return timer;
    }
}
