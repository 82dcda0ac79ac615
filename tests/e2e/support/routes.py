"""Routes in Traefik's dynamic YAML, as a file gives them."""


def routes(hosts, tls=False):
    """One router and service per host. `hosts`: {"a.test": "http://127.0.0.1:1", "b.test": [two, urls]}; on https
    with `tls`, else on http in clear text."""
    return document({host: (f"Host(`{host}`)", urls) for host, urls in hosts.items()}, tls)


def document(routers, tls=False):
    """`routers`: {name: (rule, url or urls)}."""
    lines = ["http:", "  routers:"]
    for name, (rule, _) in routers.items():
        lines += [f"    {key(name)}:", f"      rule: {rule}", f"      service: {key(name)}",
                  f"      entryPoints: [{'https' if tls else 'http'}]", *(["      tls: {}"] if tls else [])]
    lines.append("  services:")
    for name, (_, urls) in routers.items():
        urls = [urls] if isinstance(urls, str) else urls
        lines += [f"    {key(name)}:", "      loadBalancer:", "        servers:",
                  *(f"          - url: {url}" for url in urls)]
    return "\n".join(lines) + "\n"


def key(name):
    return name.replace(".", "-")
