import { rootCertificates } from "node:tls";
import { type ChannelCredentials, credentials, experimental } from "@grpc/grpc-js";
import type { UpstreamCertificates } from "./upstream-certificates.js";

type Provider = Parameters<typeof experimental.createCertificateProviderChannelCredentials>[0];
type CaListener = Parameters<Provider["addCaCertificateListener"]>[0];
type IdentityListener = Parameters<Provider["addIdentityCertificateListener"]>[0];

/** What secures the connections of grpc-js: fixed, or as the files of the certificates have it. */
export function channelCredentialsOf(certificates: UpstreamCertificates | undefined): ChannelCredentials {
  if (certificates === undefined) return credentials.createInsecure();
  const { rootCerts = null, key = null, cert = null } = certificates.pems;
  if (!certificates.inFiles) return credentials.createSsl(rootCerts, key, cert);
  const provider = new CertificateProvider(certificates);
  return experimental.createCertificateProviderChannelCredentials(provider, key === null ? null : provider);
}

class CertificateProvider implements Provider {
  readonly #certificates: UpstreamCertificates;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();

  constructor(certificates: UpstreamCertificates) {
    this.#certificates = certificates;
    certificates.onChange(() => {
      for (const listener of this.#caListeners) this.#tellCa(listener);
      for (const listener of this.#identityListeners) this.#tellIdentity(listener);
    });
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    this.#tellCa(listener);
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    this.#tellIdentity(listener);
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  #tellCa(listener: CaListener): void {
    const { rootCerts } = this.#certificates.pems;
    // This interface of grpc-js knows no default.
    listener({ caCertificate: rootCerts ?? Buffer.from(rootCertificates.join("\n")) });
  }

  #tellIdentity(listener: IdentityListener): void {
    const { key, cert } = this.#certificates.pems;
    listener(key === undefined || cert === undefined ? null : { certificate: cert, privateKey: key });
  }
}
