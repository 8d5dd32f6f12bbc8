//! Alarms by mail and webhook: what is judged, what is told, and how it gets there.
