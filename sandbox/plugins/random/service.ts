import * as grpc from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import versions from "../../toolchain/versions.json";
import { SECRET, writeDifferences } from "../protocol";
import { notImitated, unary } from "../serve";
import { check, create, difference, importResource, preview, resourceType, update } from "./logic";
import type { Values } from "./resource-type";

const read = (properties: Struct | undefined) => (properties?.toJavaScript() ?? {}) as Values;

const write = (values: Values) => Struct.fromJavaScript(values as Record<string, JavaScriptValue>);

/** A state as the engine gets it: secret material is marked, so that it is encrypted wherever it is kept. */
function writeState(urn: string, state: Values): Struct {
    const { secrets } = resourceType(urn);
    const marked = Object.entries(state).map(([property, value]) => {
        return [property, secrets.includes(property) ? { ...SECRET, value } : value] as const;
    });
    return write(Object.fromEntries(marked) as Values);
}

/** The ResourceProvider service; calls that are not imitated answer UNIMPLEMENTED and say so. */
export function randomService(): grpc.UntypedServiceImplementation {
    const calls: Partial<Record<keyof typeof ResourceProviderService, grpc.UntypedHandleCall>> = {
        getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(versions["random-provider"])),
        attach: unary(() => new Empty()),
        cancel: unary(() => new Empty()),
        // Older than the handshake, like the released provider of this version: the engine falls back to Configure.
        handshake: unary(() => notImitated("The random provider's handshake")),
        checkConfig: unary((request: provider.CheckRequest) => {
            const given = Object.keys(read(request.getNews())).filter((name) => name !== "version");
            const failures = given.map((name) =>
                new provider.CheckFailure()
                    .setProperty(name)
                    .setReason(`The random provider has no setting "${name}".`),
            );
            return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
        }),
        diffConfig: unary(() => new provider.DiffResponse().setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE)),
        configure: unary(() => new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true)),
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
                // Nothing outside the state could have changed.
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
        getSchema: unary(() => notImitated("The random provider's schema (use pulumi import --generate-code=false)")),
        invoke: unary((request: provider.InvokeRequest) => notImitated(`The function ${request.getTok()}`)),
        call: unary((request: provider.CallRequest) => notImitated(`The method ${request.getTok()}`)),
        construct: unary((request: provider.ConstructRequest) => notImitated(`The component ${request.getType()}`)),
        parameterize: unary(() => notImitated("Parameterizing the random provider")),
        getMapping: unary(() => new provider.GetMappingResponse()),
        getMappings: unary(() => new provider.GetMappingsResponse()),
    };
    return calls as grpc.UntypedServiceImplementation;
}
