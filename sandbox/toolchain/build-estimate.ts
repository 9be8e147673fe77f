/** Estimates the progress and the remaining time of several builds, from times that were measured for each program. */
import { duration } from "./log";

/**
 * The first estimates assume the speed of the machine on which the times were measured. Once the measured times of the
 * finished builds add up to this many seconds, the estimates use the speed of this machine.
 */
const ENOUGH_SECONDS = 20;

/** Measured time of a build, in seconds. */
export interface BuildSeconds {
    alone: number;
    /** Measured time if a program with the same libraries was built before. Unset if the program shares no libraries. */
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

    /** @param share finished part of the build, from 0 to 1 */
    report(name: string, share: number): void {
        this.started ??= this.now();
        this.builds.get(name)!.share = share;
    }

    /** Text about the finished part of all builds and the remaining time, for example `34% of all builds, about 7m left`. */
    text(): string {
        const builds = [...this.builds.values()];
        const all = builds.reduce((sum, { seconds }) => sum + seconds, 0);
        const done = builds.reduce((sum, { seconds, share }) => sum + seconds * share, 0);
        const elapsed = (this.now() - (this.started ?? this.now())) / 1000;
        const slowness = done < ENOUGH_SECONDS ? 1 : elapsed / done;
        return `${Math.floor((done / all) * 100)}% of all builds, about ${roughly((all - done) * slowness)} left`;
    }
}

/** Formats an estimated time. Times below a minute are rounded up to tens of seconds, longer ones to minutes. */
function roughly(seconds: number): string {
    return seconds < 60 ? duration(Math.ceil(seconds / 10) * 10) : `${Math.round(seconds / 60)}m`;
}
