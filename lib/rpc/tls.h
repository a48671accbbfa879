/* tls.h: what tls+tcp:// needs: certificates and keys as PEM files. Libnng 1.5.2 speaks TLS 1.2.
 *
 * Both sides may show a certificate. It proves that a peer may connect, not who calls: that is the token's part. */
#ifndef FAM_RPC_TLS_H
#define FAM_RPC_TLS_H

enum fam_tls_client_auth {
    FAM_TLS_AUTH_NONE,     /* clients show no certificate */
    FAM_TLS_AUTH_OPTIONAL, /* one that is shown must be good */
    FAM_TLS_AUTH_REQUIRED  /* clients without a good one are refused */
};

/* NULL and "" both mean: not given. Files are read when the server starts or the client is made, at most 1 MiB each. */
struct fam_tls_options {
    const char *cert_file;                /* own certificate, and those between it and its CA; servers need it */
    const char *key_file;                 /* its key, not encrypted */
    const char *ca_file;                  /* CAs whose certificates are good; clients need it */
    const char *server_name;              /* clients: the name in the server's certificate; not given: the URL's host */
    enum fam_tls_client_auth client_auth; /* servers */
};

#endif
