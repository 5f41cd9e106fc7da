"""What every answer says to browsers."""

from __future__ import annotations

from typing import Final

# Nothing but what lci itself serves: no script within a page, no frame around it, no form that leads away.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        # No text becomes markup but by the one policy of Svelte, which makes the pages' own templates by it.
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Said by https only: for a year the browser asks no other way.
TRANSPORT_SECURITY: Final = {"Strict-Transport-Security": "max-age=31536000"}
# What builds made is never a page of lci's.
SANDBOX: Final = {"Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}
