import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { isDeepStrictEqual } from "node:util";
import versions from "../../toolchain/versions.json";
import {
    type Difference,
    parseUrn,
    readValues,
    UNKNOWN,
    type Values,
    writeDifferences,
    writeValues,
    writeWithSecrets,
} from "../protocol";
import { providerService, withoutSettings } from "../provider";
import { unary, unsupported } from "../serve";
import { RESOURCE_TYPES, type ResourceType } from "./resources";

/** Returns the rules of a resource type. Throws for an unsupported type. */
function resourceType(urn: string): ResourceType {
    const { type } = parseUrn(urn);
    const known = RESOURCE_TYPES[type];
    if (known) return known;
    throw new Error(
        `unsupported by the sandbox: ${type}. The sandbox's random provider has ${Object.keys(RESOURCE_TYPES).join(", ")}. ` +
            "Use one of these, or install Pulumi.",
    );
}

/** The problems of a resource's inputs, with the messages of the released provider. */
function problems(urn: string, inputs: Values): string[] {
    const { inputs: types, required } = resourceType(urn);
    const at = (property: string, problem: string) =>
        `${problem}. Examine values at '${parseUrn(urn).name}.${property}'.`;
    const found = required.filter((property) => (inputs[property] ?? null) === null);
    const missing = found.map((property) => `Missing required property '${property}'`);
    const wrong = Object.entries(inputs).flatMap(([property, value]) => {
        const type = types[property];
        if (type === undefined) return [at(property, `The input "${property}" is unsupported by the sandbox`)];
        if (value === null || value === UNKNOWN) return [];
        if (typeof value !== type) return [at(property, `The value must be a ${type}`)];
        if (type === "number" && !(Number.isInteger(value) && Number(value) >= 1))
            return [
                at(property, `Invalid Attribute Value. Attribute ${property} value must be at least 1, got: ${value}`),
            ];
        return [];
    });
    return [...missing, ...wrong];
}

/** The inputs that differ from the state. Each difference replaces the resource. Computed properties are not compared. */
function differences(urn: string, state: Values, inputs: Values): Difference[] {
    const { computed, plan } = resourceType(urn);
    const planned = plan(inputs);
    const names = new Set([...Object.keys(state), ...Object.keys(planned)]);
    return [...names]
        .filter((property) => !computed.includes(property) && !isDeepStrictEqual(state[property], planned[property]))
        .map((property) => ({ property, kind: "UPDATE", replace: true }));
}

export function randomService(): grpc.UntypedServiceImplementation {
    return providerService("random", versions["random-provider"], {
        ...withoutSettings("random"),
        check: unary((request: provider.CheckRequest) =>
            new provider.CheckResponse()
                .setInputs(request.getNews())
                .setFailuresList(
                    problems(request.getUrn(), readValues(request.getNews())).map((reason) =>
                        new provider.CheckFailure().setReason(reason),
                    ),
                ),
        ),
        diff: unary((request: provider.DiffRequest) =>
            writeDifferences(
                differences(request.getUrn(), readValues(request.getOlds()), readValues(request.getNews())),
            ),
        ),
        create: unary(async (request: provider.CreateRequest) => {
            const { plan, make, computed, secrets } = resourceType(request.getUrn());
            const planned = plan(readValues(request.getProperties()));
            if (request.getPreview()) {
                const unknown = Object.fromEntries(computed.map((property) => [property, UNKNOWN]));
                return new provider.CreateResponse().setProperties(writeValues({ ...planned, ...unknown }));
            }
            const made = await make(planned);
            return new provider.CreateResponse()
                .setId(made.id)
                .setProperties(writeWithSecrets({ ...planned, ...made.computed }, secrets));
        }),
        // A read returns the state unchanged: a random value exists nowhere else.
        read: unary((request: provider.ReadRequest) => {
            const { secrets } = resourceType(request.getUrn());
            const state = readValues(request.getProperties());
            if (Object.keys(state).length === 0) unsupported("Importing a random resource");
            return new provider.ReadResponse()
                .setId(request.getId())
                .setProperties(writeWithSecrets(state, secrets))
                .setInputs(request.getInputs());
        }),
        delete: unary((request: provider.DeleteRequest) => {
            resourceType(request.getUrn());
            return new Empty();
        }),
    });
}
