/** Failures on order: what is added meets the next steps that match, each as often as asked. */
export class FaultQueue<Fault extends { times?: number }> {
    private pending: (Fault & { left: number })[] = [];

    /** Meets one step, unless it says `times`. */
    add(fault: Fault): void {
        this.pending.push({ ...fault, left: fault.times ?? 1 });
    }

    clear(): void {
        this.pending = [];
    }

    /** The first fault that meets a step, counted down. */
    protected takeFirst(meets: (fault: Fault) => boolean): Fault | undefined {
        const met = this.pending.find(meets);
        if (met && --met.left <= 0) this.pending = this.pending.filter((fault) => fault !== met);
        return met;
    }
}
