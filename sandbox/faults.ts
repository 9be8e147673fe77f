/** Injected failures: the next matching steps fail, each failure as often as requested. */
export class FaultQueue<Fault extends { times?: number }> {
    private pending: (Fault & { left: number })[] = [];

    /** Fails the next matching step, or the next `fault.times` of them. */
    add(fault: Fault): void {
        this.pending.push({ ...fault, left: fault.times ?? 1 });
    }

    clear(): void {
        this.pending = [];
    }

    /** Returns the first fault for a step, and counts it. */
    protected takeFirst(meets: (fault: Fault) => boolean): Fault | undefined {
        const met = this.pending.find(meets);
        if (met && --met.left <= 0) this.pending = this.pending.filter((fault) => fault !== met);
        return met;
    }
}
