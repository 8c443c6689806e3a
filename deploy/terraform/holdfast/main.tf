# A deployment of Holdfast for people whose entrance is `terraform apply`: ./holdfast up and down, on built-in resources alone, so that
# no provider is downloaded. What a deployment is stays in its spec; no secret gets into the state or into arguments.

terraform {
  required_version = ">= 1.4.0" # terraform_data
}

locals {
  root     = abspath("${path.module}/../../..")
  holdfast = coalesce(var.holdfast, "${local.root}/holdfast")
  spec     = abspath(var.spec)
  name     = try(yamldecode(file(local.spec)).name, "counter")
}

# What `terraform destroy` stops. A changed spec leaves it alone: replacing it would be down, then up.
resource "terraform_data" "deployment" {
  triggers_replace = [local.spec, var.target, var.context]

  input = {
    holdfast = local.holdfast
    spec     = local.spec
    target   = var.target
    context  = var.context
    purge    = var.purge
  }

  provisioner "local-exec" {
    when    = destroy
    command = <<-EOT
      set -- down --spec "$spec"
      [ -z "$target" ] || set -- "$@" --target "$target"
      [ -z "$context" ] || set -- "$@" --context "$context"
      [ "$purge" != true ] || set -- "$@" --purge --yes
      exec "$holdfast" "$@"
    EOT
    environment = {
      holdfast = self.output.holdfast
      spec     = self.output.spec
      target   = self.output.target
      context  = self.output.context
      purge    = self.output.purge
    }
  }
}

# What `terraform apply` runs: again for every change of the spec, of Holdfast's version, or of `revision`. It changes only what differs.
resource "terraform_data" "up" {
  triggers_replace = [
    terraform_data.deployment.id,
    filesha256(local.spec),
    jsondecode(file("${local.root}/package.json")).version,
    var.revision,
  ]

  provisioner "local-exec" {
    command = <<-EOT
      set -- up --spec "$spec"
      [ -z "$target" ] || set -- "$@" --target "$target"
      [ -z "$context" ] || set -- "$@" --context "$context"
      exec "$holdfast" "$@"
    EOT
    environment = {
      holdfast = local.holdfast
      spec     = local.spec
      target   = var.target
      context  = var.context
    }
  }
}
