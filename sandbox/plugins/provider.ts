/** The parts of the ResourceProvider service that all emulated providers share. */
import * as grpc from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { readValues } from "./protocol";
import { unsupported, unary } from "./serve";

export type Calls = Partial<Record<keyof typeof ResourceProviderService, grpc.UntypedHandleCall>>;

/**
 * The service of one provider. An unsupported call fails with UNIMPLEMENTED and a message.
 * @param name for example "random" in "the random provider"
 * @param version version of the emulated SDK
 * @param calls the implementation of this provider
 */
export function providerService(name: string, version: string, calls: Calls): grpc.UntypedServiceImplementation {
    const common: Calls = {
        getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(version)),
        attach: unary(() => new Empty()),
        cancel: unary(() => new Empty()),
        // After this error the engine calls Configure. It does the same with older providers, which do not implement
        // the handshake.
        handshake: unary(() => unsupported(`The ${name} provider's handshake`)),
        getSchema: unary(() => unsupported(`The ${name} provider's schema (use pulumi import --generate-code=false)`)),
        invoke: unary((request: provider.InvokeRequest) => unsupported(`The function ${request.getTok()}`)),
        call: unary((request: provider.CallRequest) => unsupported(`The method ${request.getTok()}`)),
        construct: unary((request: provider.ConstructRequest) => unsupported(`The component ${request.getType()}`)),
        parameterize: unary(() => unsupported(`Parameterizing the ${name} provider`)),
        getMapping: unary(() => new provider.GetMappingResponse()),
        getMappings: unary(() => new provider.GetMappingsResponse()),
    };
    return { ...common, ...calls } as grpc.UntypedServiceImplementation;
}

/** Calls of a provider that accepts no settings. */
export function withoutSettings(name: string): Calls {
    return {
        checkConfig: unary((request: provider.CheckRequest) => {
            const given = Object.keys(readValues(request.getNews())).filter((setting) => setting !== "version");
            const failures = given.map((setting) =>
                new provider.CheckFailure()
                    .setProperty(setting)
                    .setReason(`The ${name} provider has no setting "${setting}".`),
            );
            return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
        }),
        diffConfig: unary(() => new provider.DiffResponse().setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE)),
        configure: unary(() => new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true)),
    };
}
