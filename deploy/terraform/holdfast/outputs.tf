output "name" {
  description = "Of the deployment, once it is up."
  value       = local.name
  depends_on  = [terraform_data.up]
}

output "status" {
  description = "A command that says what runs."
  value = join(" ", compact([
    local.holdfast, "status", "--spec", local.spec,
    var.target == "" ? "" : "--target ${var.target}",
    var.context == "" ? "" : "--context ${var.context}",
  ]))
  depends_on = [terraform_data.up]
}
