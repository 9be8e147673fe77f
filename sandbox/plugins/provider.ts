/** The parts of the ResourceProvider service that all emulated providers share. */
import * as grpc from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { parseUrn, readValues, writeDifferences } from "./protocol";
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

/** Calls of a provider that accepts only these settings. Changed settings never replace its resources. */
export function settingsOf(name: string, ...settings: string[]): Calls {
    return {
        checkConfig: unary((request: provider.CheckRequest) => {
            const given = Object.keys(readValues(request.getNews()));
            const failures = given
                .filter((setting) => !["version", "pluginDownloadURL", ...settings].includes(setting))
                .map((setting) =>
                    new provider.CheckFailure()
                        .setProperty(setting)
                        .setReason(`The sandbox's ${name} provider has no setting "${setting}".`),
                );
            return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
        }),
        diffConfig: unary((request: provider.DiffRequest) => {
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const changed = settings.filter((setting) => olds[setting] !== news[setting]);
            return writeDifferences(changed.map((property) => ({ property, kind: "UPDATE", replace: false })));
        }),
        configure: unary(() => new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true)),
    };
}

/** The entry of the type in a URN. @throws Error that names an unsupported type */
export function typeOf<T>(name: string, types: Record<string, T>, urn: string): T {
    const { type } = parseUrn(urn);
    if (types[type]) return types[type];
    const known = Object.keys(types).join(", ");
    throw new Error(
        `unsupported by the sandbox: ${type}. The sandbox's ${name} provider has ${known}. Use one of these, or install Pulumi.`,
    );
}
