/** Injected failures: a fault makes the next `times` matching steps fail. */
export class FaultQueue<Fault extends { times?: number }> {
    private pending: (Fault & { left: number })[] = [];

    /** Adds a fault: the next matching step fails, or the next `fault.times` matching steps. */
    add(fault: Fault): void {
        this.pending.push({ ...fault, left: fault.times ?? 1 });
    }

    clear(): void {
        this.pending = [];
    }

    /** Returns the first fault that matches, if there is one, and counts the failure. */
    protected takeFirst(meets: (fault: Fault) => boolean): Fault | undefined {
        const met = this.pending.find(meets);
        if (met && --met.left <= 0) this.pending = this.pending.filter((fault) => fault !== met);
        return met;
    }
}
