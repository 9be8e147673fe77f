/** How far a number of builds is, and how long they will take, from what each cost when it was measured. */
import { duration } from "./log";

/** Work that must be done before its own speed says more than the measured one, in measured seconds. */
const ENOUGH_SECONDS = 20;

/** How long a build takes where it was measured, in seconds. */
export interface BuildSeconds {
    alone: number;
    /** After another build that has this one too. @default it shares nothing */
    shared?: number;
}

export class BuildEstimate {
    private readonly builds = new Map<string, { seconds: number; share: number }>();
    private started: number | undefined;
    private shares = false;

    constructor(private readonly now: () => number = Date.now) {}

    add(name: string, { alone, shared }: BuildSeconds): void {
        this.builds.set(name, { seconds: this.shares ? (shared ?? alone) : alone, share: 0 });
        this.shares ||= shared !== undefined;
    }

    /** @param share of the build that is done, from 0 to 1 */
    report(name: string, share: number): void {
        this.started ??= this.now();
        this.builds.get(name)!.share = share;
    }

    /** Share of all builds and time left, as `34% of all builds, about 7m left`. */
    text(): string {
        const builds = [...this.builds.values()];
        const all = builds.reduce((sum, { seconds }) => sum + seconds, 0);
        const done = builds.reduce((sum, { seconds, share }) => sum + seconds * share, 0);
        const elapsed = (this.now() - (this.started ?? this.now())) / 1000;
        const slowness = done < ENOUGH_SECONDS ? 1 : elapsed / done;
        return `${Math.floor((done / all) * 100)}% of all builds, about ${roughly((all - done) * slowness)} left`;
    }
}

/** A time that is only estimated: minutes from one minute on. */
function roughly(seconds: number): string {
    return seconds < 60 ? duration(Math.ceil(seconds / 10) * 10) : `${Math.round(seconds / 60)}m`;
}
