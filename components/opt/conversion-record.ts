import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import { stepProblem, type ConversionStep } from "./conversion-record-provider";

/**
 * Records in the state how far the stack is in a conversion, and rejects every run that does not continue from there, in
 * preview too. So it must be registered before every resource that a conversion changes. Creates no object.
 */
export class ConversionRecord extends DynamicResource {
    declare readonly step: pulumi.Output<ConversionStep>;

    constructor(
        name: string,
        private readonly asked: ConversionStep,
    ) {
        super("opt/conversion-record-provider", name, { step: asked }, {}, "ConversionRecord");
    }

    /**
     * Resolves when Pulumi has compared the step with the recorded one.
     * @returns the problem that Pulumi has not compared, because `--target` or `--exclude` leaves this resource out
     */
    async registered(): Promise<string[]> {
        const recorded = await new Promise<ConversionStep>((resolve) => this.step.apply(resolve));
        return [stepProblem(recorded, this.asked)].filter((problem) => problem !== undefined);
    }
}
