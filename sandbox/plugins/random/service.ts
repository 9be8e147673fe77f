import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import versions from "../../toolchain/versions.json";
import { SECRET, writeDifferences } from "../protocol";
import { providerService, withoutSettings } from "../provider";
import { unary } from "../serve";
import { check, create, difference, importResource, preview, resourceType, update } from "./logic";
import type { Values } from "./resource-type";

const read = (properties: Struct | undefined) => (properties?.toJavaScript() ?? {}) as Values;

const write = (values: Values) => Struct.fromJavaScript(values as Record<string, JavaScriptValue>);

/** A state for the engine: secrets are marked, so that it encrypts them. */
function writeState(urn: string, state: Values): Struct {
    const { secrets } = resourceType(urn);
    const marked = Object.entries(state).map(([property, value]) => {
        return [property, secrets.includes(property) ? { ...SECRET, value } : value] as const;
    });
    return write(Object.fromEntries(marked) as Values);
}

export function randomService(): grpc.UntypedServiceImplementation {
    return providerService("random", versions["random-provider"], {
        ...withoutSettings("random"),
        check: unary((request: provider.CheckRequest) => {
            const failures = check(request.getUrn(), read(request.getNews()));
            return new provider.CheckResponse()
                .setInputs(request.getNews())
                .setFailuresList(failures.map(({ reason }) => new provider.CheckFailure().setReason(reason)));
        }),
        diff: unary((request: provider.DiffRequest) => {
            return writeDifferences(difference(request.getUrn(), read(request.getOlds()), read(request.getNews())));
        }),
        create: unary(async (request: provider.CreateRequest) => {
            const urn = request.getUrn();
            const inputs = read(request.getProperties());
            if (request.getPreview()) return new provider.CreateResponse().setProperties(write(preview(urn, inputs)));
            const { id, state } = await create(urn, inputs);
            return new provider.CreateResponse().setId(id).setProperties(writeState(urn, state));
        }),
        read: unary(async (request: provider.ReadRequest) => {
            const urn = request.getUrn();
            const state = read(request.getProperties());
            if (Object.keys(state).length > 0) {
                // Nothing outside of the state can change.
                resourceType(urn);
                return new provider.ReadResponse()
                    .setId(request.getId())
                    .setProperties(writeState(urn, state))
                    .setInputs(request.getInputs());
            }
            const found = await importResource(urn, request.getId());
            return new provider.ReadResponse()
                .setId(found.id)
                .setProperties(writeState(urn, found.state))
                .setInputs(write(found.inputs));
        }),
        update: unary((request: provider.UpdateRequest) => {
            const urn = request.getUrn();
            const state = update(urn, read(request.getOlds()), read(request.getNews()));
            return new provider.UpdateResponse().setProperties(writeState(urn, state));
        }),
        delete: unary((request: provider.DeleteRequest) => {
            resourceType(request.getUrn());
            return new Empty();
        }),
    });
}
