"""syncd keeps a marketing automation platform and a CRM in step, field by field, both ways."""
